package import FoundationEssentials

/// The file format of MNIST: a big-endian header (two zero bytes, type, rank, extents), then bytes.
package struct IDX: Equatable {
    /// Extents, the number of items first.
    package let shape: [Int]
    /// The elements, last axis fastest.
    package let bytes: [UInt8]

    package init(shape: [Int], bytes: [UInt8]) {
        self.shape = shape
        self.bytes = bytes
    }

    /// Parses a file's content, gzipped or not. `source` is named in errors.
    package init(_ data: UnsafeRawBufferPointer, _ source: String, rank: Int) throws {
        try self.init(data, source, ranks: rank...rank)
    }

    /// Parses a file whose rank is in `ranks`. A gzipped file is decompressed no further than its header declares.
    package init(_ data: UnsafeRawBufferPointer, _ source: String, ranks: ClosedRange<Int>) throws {
        let parser = Parser(source: source, ranks: ranks)
        guard Gzip.isCompressed(data) else {
            shape = try parser.shape(data)
            let start = Parser.size(ofHeader: shape.count)
            try parser.check(found: data.count - start, shape)
            bytes = Array(data[start...])
            return
        }
        let content = try Gzip(data, source)
        var header = try content.read(4)
        let rest = Parser.size(ofHeader: header.count == 4 ? Int(header[3]) : 0) - 4
        header += try content.read(rest)
        shape = try header.withUnsafeBytes(parser.shape)
        let count = shape.reduce(1, *)
        try Files.checkMemory(count, of: source)
        bytes = try content.read(count)
        try parser.check(found: bytes.count + content.read(1).count, shape)
    }

    /// Parses and checks the header.
    private struct Parser {
        let source: String
        let ranks: ClosedRange<Int>
        /// The most bytes of data that a header may declare.
        private static let limit = min(1 << 31, Machine.memory / 2)

        static func size(ofHeader rank: Int) -> Int { 4 + 4 * rank }

        private func broken(_ reason: String) -> GanymedeError {
            .fileMalformed(
                "\(quoted(source)) is not an IDX file of \(ranks.upperBound == 1 ? "labels" : "images"): \(reason)"
            )
        }

        func shape(_ data: UnsafeRawBufferPointer) throws -> [Int] {
            guard data.count >= 4 else {
                throw broken("it has \(data.count) bytes, less than a header")
            }
            guard data[0] == 0, data[1] == 0, data[2] == 8, ranks.contains(Int(data[3])) else {
                let found = (0..<4).map { String(data[$0], radix: 16) }.joined(separator: " ")
                throw broken("it starts with \(found), not 0 0 8 \(ranks.lowerBound)")
            }
            let rank = Int(data[3])
            guard data.count >= Parser.size(ofHeader: rank) else {
                throw broken("its header is truncated")
            }
            let shape = (0..<rank).map { axis in
                (0..<4).reduce(0) { $0 << 8 | Int(data[4 + 4 * axis + $1]) }
            }
            let (count, overflow) = shape.reduce((1, false)) {
                let (product, over) = $0.0.multipliedReportingOverflow(by: $1)
                return (product, $0.1 || over)
            }
            guard !overflow, (1...Parser.limit).contains(count) else {
                throw broken("it promises \(Shape(shape)) numbers")
            }
            guard rank < 3 || shape[1...].allSatisfy({ $0 <= 16_384 }) else {
                throw broken(
                    "it promises images of \(Shape(Array(shape[1...]))), and sides of up to 16384 are read"
                )
            }
            return shape
        }

        /// Throws unless there are as many bytes of data as the header declares.
        func check(found: Int, _ shape: [Int]) throws {
            let count = shape.reduce(1, *)
            if found == count { return }
            throw broken(
                "its header promises \(count) bytes of data \(Shape(shape)), and there are \(found)"
            )
        }
    }

    /// SHA-256 of the unpacked file, in hexadecimal.
    var digest: String { sha256(header, bytes) }

    private var header: [UInt8] {
        [0, 0, 8, UInt8(shape.count)]
            + shape.flatMap { extent in
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) }
            }
    }

    /// The file's bytes.
    package var data: Data { Data(header) + Data(bytes) }
}
