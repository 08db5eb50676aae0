package import FoundationEssentials
import Glibc

/// NumPy's array file, here of bytes or of points as floats: a magic string, a version, a header that is a Python
/// dictionary, the elements. Formats 1.0 to 3.0:
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package struct NPY: Equatable {
    /// Extents, the number of items first.
    package let shape: [Int]
    /// The elements, last axis fastest.
    package let bytes: [UInt8]
    /// Whether the elements are coordinates [N, 2] as 32-bit or 64-bit floats, not bytes.
    package let isPoints: Bool

    package init(shape: [Int], bytes: [UInt8]) {
        isPoints = false
        self.shape = shape
        self.bytes = bytes
    }

    private static let magic = [0x93] + Array("NUMPY".utf8)

    /// What the header of a file says, and where its elements start.
    struct Header {
        let type: String
        let shape: [Int]
        let start: Int

        /// Whether the elements are coordinates [N, 2] as 32-bit or 64-bit floats.
        var isPoints: Bool { ["<f4", "<f8"].contains(type) && shape.count == 2 && shape[1] == 2 }
    }

    /// Parses a file's content. `source` is named in errors.
    package init(_ data: UnsafeRawBufferPointer, _ source: String) throws {
        func broken(_ reason: String) -> GanymedeError {
            .fileMalformed("\(quoted(source)) is not a .npy file of images: \(reason)")
        }
        let header = try NPY.header(of: data, fortran: "images", broken)
        shape = header.shape
        isPoints = header.isPoints
        guard isPoints || ["|u1", "<u1", ">u1", "u1"].contains(header.type) else {
            throw broken(
                "its numbers are \(header.type), and bytes from 0 to 255 are read: "
                    + "images.round().clip(0, 255).astype(\"uint8\"), of images from 0 to 1 times 255 before, "
                    + "of those from -1 to 1 plus 1 times 127.5")
        }
        let size = isPoints ? (header.type == "<f8" ? 8 : 4) : 1
        bytes = Array(try NPY.elements(header, of: size, in: data, broken))
    }

    /// Parses the header; `name` is what the array is called in advice.
    static func header(
        of data: UnsafeRawBufferPointer, fortran name: String,
        _ broken: (String) -> GanymedeError
    ) throws -> Header {
        guard data.count >= 12, data.starts(with: NPY.magic) else {
            throw broken("it does not start as such a file does")
        }
        guard (1...3).contains(data[6]) else {
            throw broken("its format is \(data[6]).\(data[7]), and 1.0 to 3.0 are read")
        }
        // The length of the header, little-endian: 2 bytes in format 1.0, 4 bytes from 2.0 on.
        let width = data[6] == 1 ? 2 : 4
        let length = (0..<width).reduce(0) { $0 | Int(data[8 + $1]) << (8 * $1) }
        let start = 8 + width + length
        guard start <= data.count else { throw broken("its header is truncated") }
        let text = String(decoding: data[8 + width..<start], as: UTF8.self)
        guard let type = NPY.field("descr", of: text), let extents = NPY.field("shape", of: text)
        else { throw broken("its header lacks descr or shape") }
        guard NPY.field("fortran_order", of: text) == "False" else {
            throw broken("its first axis is the fastest: save numpy.ascontiguousarray(\(name))")
        }
        let numbers = extents.split(separator: ",").map { Int($0.filter { !$0.isWhitespace }) }
        let shape = numbers.compactMap { $0 }
        guard shape.count == numbers.count, shape.allSatisfy({ $0 > 0 }), !shape.isEmpty else {
            throw broken("its shape is (\(extents))")
        }
        return Header(type: type, shape: shape, start: start)
    }

    /// The bytes of elements of `size` bytes each. Throws unless the file has as many as its header says.
    static func elements(
        _ header: Header, of size: Int, in data: UnsafeRawBufferPointer,
        _ broken: (String) -> GanymedeError
    ) throws -> Swift.Slice<UnsafeRawBufferPointer> {
        let (count, overflow) = header.shape.reduce((size, false)) {
            let (product, over) = $0.0.multipliedReportingOverflow(by: $1)
            return (product, $0.1 || over)
        }
        guard !overflow else {
            throw broken(
                "its shape is (\(header.shape.map(String.init).joined(separator: ", ")))")
        }
        guard data.count - header.start == count else {
            throw broken(
                "its header promises \(count) bytes of data, and there are \(data.count - header.start)"
            )
        }
        return data[header.start...]
    }

    /// Whether a file holds coordinates, by its header.
    static func holdsPoints(_ path: String) throws -> Bool {
        guard Files.ending(path) == "npy", Files.exists(path) else { return false }
        let (descriptor, _) = try Files.openToRead(path)
        defer { close(descriptor) }
        let start = try Files.readPart(descriptor, path, offset: 0, count: 4096)
        return try start.withUnsafeBytes {
            try header(of: $0, fortran: "points") { .fileMalformed(Message($0)) }.isPoints
        }
    }

    /// The value of `key` in a Python dictionary: the content of its quotes or parentheses, or the bare word.
    private static func field(_ key: String, of header: String) -> String? {
        guard let name = header.firstRange(of: "'\(key)'") ?? header.firstRange(of: "\"\(key)\"")
        else { return nil }
        let rest = header[name.upperBound...].drop { $0 == ":" || $0.isWhitespace }
        guard let first = rest.first else { return nil }
        let inside = rest.dropFirst()
        switch first {
        case "'", "\"": return inside.firstIndex(of: first).map { String(inside[..<$0]) }
        case "(": return inside.firstIndex(of: ")").map { String(inside[..<$0]) }
        default: return String(rest.prefix { $0.isLetter })
        }
    }

    /// The file's bytes.
    package var data: Data { NPY.data(shape, of: "|u1", bytes) }

    /// A file in format 1.0: elements of a type such as `|u1`, last axis fastest.
    static func data(_ shape: [Int], of type: String, _ elements: [UInt8]) -> Data {
        let extents = shape.map(String.init).joined(separator: ", ")
        let tuple = shape.count == 1 ? "\(extents)," : extents
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(tuple)), }"
        // Magic, version, length and header together are padded to a multiple of 64 bytes.
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        var data = Data(NPY.magic + [1, 0])
        data.append(contentsOf: [UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)])
        return data + Data(header.utf8) + Data(elements)
    }
}
