import CZlib
import FoundationEssentials

/// Decompresses gzip with zlib, only as many bytes as are requested. The size of the content is known only at its end,
/// and a small file can expand to gigabytes.
final class Gzip {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let source: String
    private var isAtEnd = false

    static func isCompressed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
    }

    /// Starts decompressing `bytes`, which must stay valid; `source` is named in errors.
    init(_ bytes: UnsafeRawBufferPointer, _ source: String) throws {
        self.source = source
        stream.initialize(to: z_stream())
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: bytes.count)
        // Adding 16 makes zlib expect a gzip header.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, 16 + MAX_WBITS, ZLIB_VERSION, size) == Z_OK else {
            throw GanymedeError.fileMalformed("zlib could not start")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Reads the next bytes of the content: as many as `target` holds, fewer at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < target.count && !isAtEnd {
            let part = UInt32(clamping: target.count - done)
            stream.pointee.next_out = target.baseAddress?.advanced(by: done)
                .assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = part
            let status = inflate(stream, Z_NO_FLUSH)
            done += Int(part - stream.pointee.avail_out)
            isAtEnd = status == Z_STREAM_END
            let goesOn = stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
            guard isAtEnd || status == Z_OK && goesOn else {
                throw GanymedeError.fileMalformed(
                    "\(quoted(source)) is a damaged or truncated gzip file: fetch it again")
            }
        }
        return done
    }

    /// SHA-256 of the content in hexadecimal, without keeping the content; nil if it is longer than `limit` bytes.
    static func digest(
        _ bytes: UnsafeRawBufferPointer, _ source: String, limit: Int
    ) throws -> String? {
        let content = try Gzip(bytes, source)
        let hash = SHA256()
        var total = 0
        while total <= limit {
            let part = try content.read(1 << 16)
            if part.isEmpty { return hash.hexadecimal() }
            part.withUnsafeBytes(hash.update)
            total += part.count
        }
        return nil
    }

    /// Reads up to `count` more bytes.
    func read(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
