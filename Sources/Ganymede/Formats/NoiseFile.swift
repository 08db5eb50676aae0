import FoundationEssentials

/// A `.npy` file of latent noise: an array of floats [N, size] with a row for each sample.
public struct NoiseFile: Sendable, Equatable {
    /// The rows.
    public let rows: [[Float]]

    /// The most rows that a file may have.
    private static let most = 1_000_000

    /// Rows of equal length.
    public init(rows: [[Float]]) {
        if let first = rows.first, rows.contains(where: { $0.count != first.count }) {
            misuse("rows of noise of different lengths")
        }
        self.rows = rows
    }

    /// Reads a file of 32-bit or 64-bit floats for a generator.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - input: the shape of the generator's noise, such as `[100]`.
    public init(_ path: String, for input: [Int]) throws {
        let data = try Files.read(path)
        self = try data.withUnsafeBytes { try NoiseFile($0, path, for: input) }
    }

    /// Parses a file's content. `source` is named in errors.
    package init(_ data: UnsafeRawBufferPointer, _ source: String, for input: [Int]) throws {
        func broken(_ reason: String) -> GanymedeError {
            .fileMalformed("\(quoted(source)) is not a .npy file of noise: \(reason)")
        }
        let header = try NPY.header(of: data, fortran: "noise", broken)
        let size = header.type == "<f8" ? 8 : 4
        guard ["<f4", "<f8"].contains(header.type) else {
            throw broken(
                "its numbers are \(header.type), and floats are read: noise.astype(\"float32\")")
        }
        let bytes = try NPY.elements(header, of: size, in: data, broken)
        let width = input.reduce(1, *)
        let own = Array(header.shape.dropFirst())
        guard own == input || own == [width] else {
            let extents = { (shape: [Int]) in shape.map(String.init).joined(separator: ", ") }
            throw broken(
                "its shape is (\(extents(header.shape))), and this generator's noise is (N, \(extents(input)))"
            )
        }
        guard header.shape[0] <= NoiseFile.most else {
            throw broken("it has more than a million rows")
        }
        let numbers = (0..<header.shape[0] * width).map { index in
            NoiseFile.number(bytes, at: bytes.startIndex + index * size, size)
        }
        if let place = numbers.firstIndex(where: { !$0.isFinite }) {
            throw broken("row \(place / width) holds NaN or infinity")
        }
        rows = (0..<header.shape[0]).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
    }

    private static func number(
        _ bytes: Swift.Slice<UnsafeRawBufferPointer>, at place: Int, _ size: Int
    ) -> Float {
        let bits = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << (8 * $1) }
        return size == 8
            ? Float(Double(bitPattern: bits)) : Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    }

    /// Writes the rows as an array [N, size] of 32-bit floats.
    public func write(_ path: String) throws {
        let bytes = rows.joined().flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) }
        }
        try Files.writeAtomically(
            path, [NPY.data([rows.count, rows.first?.count ?? 0], of: "<f4", bytes)])
    }
}
