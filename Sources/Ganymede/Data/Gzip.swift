import CZlib

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Unpacks gzip through zlib.
enum Gzip {
    static func isCompressed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
    }

    /// The most bytes that a file may unpack to: 2 GiB, so that a small file cannot fill the memory.
    static let limit = 1 << 31

    /// The content of a file that may be packed.
    static func unpackIfPacked(_ data: Data, _ source: String) throws -> [UInt8] {
        try data.withUnsafeBytes { bytes in
            isCompressed(bytes)
                ? try unpack(bytes, source, expected: bytes.count * 5) : Array(bytes)
        }
    }

    /// The unpacked bytes; `source` is named in errors.
    static func unpack(_ bytes: UnsafeRawBufferPointer, _ source: String, expected: Int) throws
        -> [UInt8]
    {
        var stream = z_stream()
        // 16: expect a gzip header.
        guard
            inflateInit2_(
                &stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw GanymedeError.world("zlib could not start") }
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: min(max(expected, 4096), limit))
        var produced = 0
        stream.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(clamping: bytes.count)
        while true {
            if produced == output.count {
                guard produced < limit else {
                    throw GanymedeError.world(
                        "\(source) unpacks to more than 2 GiB: split it, or check what it is")
                }
                output.append(contentsOf: [UInt8](repeating: 0, count: output.count))
            }
            let status = output.withUnsafeMutableBytes { buffer in
                stream.next_out = buffer.baseAddress?.advanced(by: produced)
                    .assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(clamping: buffer.count - produced)
                let status = inflate(&stream, Z_NO_FLUSH)
                produced = buffer.count - Int(stream.avail_out)
                return status
            }
            if status == Z_STREAM_END { break }
            guard status == Z_OK, stream.avail_in > 0 || stream.avail_out == 0 else {
                throw GanymedeError.world(
                    "\(source) is a damaged or truncated gzip file: fetch it again")
            }
        }
        output.removeLast(output.count - produced)
        return output
    }
}
