package import FoundationEssentials
import Glibc

/// Files of named tensors that cannot run code: the header's length in 8 bytes, a JSON header, and the values
/// (https://github.com/huggingface/safetensors). Reads F32 and F64, writes F32. Files that Ganymede wrote bear a SHA-256
/// of the header and of each tensor, which are checked when they are read.
package final class Safetensors {
    private struct Entry: Codable {
        let dtype: String
        let shape: [Int]
        let dataOffsets: [Int]
        enum CodingKeys: String, CodingKey { case dtype, shape, dataOffsets = "data_offsets" }
        var count: Int { shape.reduce(1, *) }
    }

    /// Where the bytes are.
    fileprivate enum Source {
        /// An open file, which `close()` closes.
        case file(descriptor: Int32, size: Int)
        /// Bytes in memory.
        case memory(Data)
    }

    /// The most bytes of a header, 4 MiB. A thousand layers with the optimizer's slots need about one.
    private static let headerLimit = 4 << 20

    /// Free text that the writer added.
    package let metadata: [String: String]
    private let entries: [String: Entry]
    private let path: String
    private let source: Source
    private let dataStart: Int
    /// Nil for a file without hashes.
    private let hashes: TensorHashes?

    /// Whether damage is detected.
    package var isHashed: Bool { hashes != nil }

    /// Opens a file and checks the whole header, but reads no tensor yet.
    package convenience init(_ path: String) throws {
        let (descriptor, size) = try Files.openToRead(path)
        try self.init(.file(descriptor: descriptor, size: size), path)
    }

    /// Parses a file that is in memory; `name` is named in errors.
    package convenience init(_ bytes: Data, name: String) throws {
        try self.init(.memory(bytes), name)
    }

    private init(_ source: Source, _ path: String) throws {
        self.path = path
        self.source = source
        do {
            let size = source.size
            let prefix = try source.read(path, offset: 0, count: 8)
            let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard prefix.count == 8, length <= UInt64(max(size - 8, 0)) else {
                throw Safetensors.malformed(path, "its header is cut short")
            }
            guard length <= Safetensors.headerLimit else {
                throw Safetensors.malformed(path, "its header has more than 4 MiB")
            }
            dataStart = 8 + Int(length)
            let header = try source.read(path, offset: 8, count: Int(length))
            let (fields, found) = try Safetensors.parse(header, path, dataCount: size - dataStart)
            hashes = try TensorHashes(fields, prefix + header, names: found.keys, path)
            (metadata, entries) = (fields.filter { !TensorHashes.isField($0.key) }, found)
        } catch {
            source.close()
            throw error
        }
    }

    deinit { source.close() }

    private static func malformed(_ path: String, _ reason: String) -> GanymedeError {
        .fileMalformed("\(quoted(path)) is not a whole .safetensors file: \(reason)")
    }

    private static func parse(
        _ header: Data, _ path: String, dataCount: Int
    ) throws -> ([String: String], [String: Entry]) {
        struct Header: Decodable {
            var metadata: [String: String] = [:]
            var entries: [String: Entry] = [:]
            struct Key: CodingKey {
                let stringValue: String
                var intValue: Int? { nil }
                init(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                for key in container.allKeys {
                    if key.stringValue == "__metadata__" {
                        metadata = try container.decode([String: String].self, forKey: key)
                    } else {
                        entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
                    }
                }
            }
        }
        let parsed: Header
        do { parsed = try JSONDecoder().decode(Header.self, from: header) } catch {
            throw malformed(path, JSON.explain(error))
        }
        for (name, entry) in parsed.entries {
            let width = entry.dtype == "F32" ? 4 : entry.dtype == "F64" ? 8 : 0
            guard width > 0 else {
                throw malformed(path, "\(name) has the type \(entry.dtype); F32 is read")
            }
            let (count, overflow) = entry.shape.reduce((width, false)) {
                let (product, over) = $0.0.multipliedReportingOverflow(by: $1)
                return (product, $0.1 || over || $1 < 0)
            }
            guard entry.dataOffsets.count == 2, !overflow, entry.dataOffsets[0] >= 0,
                entry.dataOffsets[1] <= dataCount, entry.dataOffsets[0] <= entry.dataOffsets[1],
                entry.dataOffsets[1] - entry.dataOffsets[0] == count
            else {
                throw malformed(
                    path, "the tensor \(name) reaches past the end, or its size is wrong")
            }
        }
        // Every byte belongs to one tensor, as the format demands.
        var end = 0
        for entry in parsed.entries.values.sorted(by: { $0.dataOffsets[0] < $1.dataOffsets[0] }) {
            if entry.count == 0 { continue }
            guard entry.dataOffsets[0] == end else {
                throw malformed(path, "its tensors overlap or leave a gap")
            }
            end = entry.dataOffsets[1]
        }
        guard end == dataCount else {
            throw malformed(path, "it has \(dataCount - end) bytes after the last tensor")
        }
        return (parsed.metadata, parsed.entries)
    }

    /// Reads every tensor, so that any damage is found.
    package func verify() throws {
        for name in names { _ = try bytes(name) }
    }

    /// The names in alphabetical order.
    package var names: [String] { entries.keys.sorted() }

    /// A tensor's shape; nil if there is none of this name.
    package func shape(_ name: String) -> Shape? { entries[name].map { Shape($0.shape) } }

    /// A tensor's values as 32-bit floats.
    package func tensor(_ name: String) throws -> HostTensor {
        let (shape, data, isDouble) = try bytes(name)
        if isDouble { return HostTensor(shape, try doubles(name).map(Float.init)) }
        let values = [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
            count = shape.count
            data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
        }
        return HostTensor(shape, values)
    }

    /// A tensor's values in double precision.
    package func doubles(_ name: String) throws -> [Double] {
        let (shape, data, isDouble) = try bytes(name)
        if !isDouble { return try tensor(name).values.map(Double.init) }
        return [Double](unsafeUninitializedCapacity: shape.count) { buffer, count in
            count = shape.count
            data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    private func bytes(_ name: String) throws -> (Shape, Data, isDouble: Bool) {
        guard let entry = entries[name] else {
            throw GanymedeError.fileMalformed("\(quoted(path)) holds no tensor \(name)")
        }
        let count = entry.dataOffsets[1] - entry.dataOffsets[0]
        try Files.checkMemory(count, of: path)
        let data = try source.read(path, offset: dataStart + entry.dataOffsets[0], count: count)
        guard data.count == count else { throw Safetensors.malformed(path, "\(name) is cut short") }
        try hashes?.check(name, data, path)
        return (Shape(entry.shape), data, entry.dtype == "F64")
    }

    /// Writes a file atomically. Its bytes depend only on the arguments.
    package static func write(
        _ path: String, _ tensors: [(name: String, tensor: HostTensor)], metadata: [String: String]
    ) throws {
        try Files.writeAtomically(path, encoded(tensors, metadata: metadata))
    }

    /// A file's bytes, in parts; with hashes unless said.
    package static func encoded(
        _ tensors: [(name: String, tensor: HostTensor)], metadata: [String: String],
        isHashed: Bool = true
    ) throws -> [Data] {
        var header: [String: JSONValue] = [:]
        var offset = 0
        let sorted = tensors.sorted { $0.name < $1.name }
        let bodies = sorted.map { $0.tensor.values.withUnsafeBytes { Data($0) } }
        var fields = metadata
        if isHashed {
            let hashes = TensorHashes(zip(sorted, bodies).map { ($0.name, $1) })
            fields.merge(hashes.metadata) { $1 }
        }
        header["__metadata__"] = .object(fields.mapValues(JSONValue.string))
        for (name, tensor) in sorted {
            let end = offset + tensor.values.count * 4
            header[name] = .object([
                "dtype": .string("F32"),
                "shape": .array(tensor.shape.dimensions.map(JSONValue.integer)),
                "data_offsets": .array([.integer(offset), .integer(end)]),
            ])
            offset = end
        }
        var text = try JSON.encoder().encode(JSONValue.object(header))
        text.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8))
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        return [isHashed ? TensorHashes.sealed(length + text) : length + text] + bodies
    }
}

extension Safetensors.Source {
    fileprivate var size: Int {
        switch self {
        case .file(_, let size): size
        case .memory(let bytes): bytes.count
        }
    }

    /// Reads up to `count` bytes from `offset` on; fewer at the end.
    fileprivate func read(_ path: String, offset: Int, count: Int) throws -> Data {
        switch self {
        case .file(let descriptor, _):
            return try Files.readPart(descriptor, path, offset: offset, count: count)
        case .memory(let bytes):
            return Data(bytes.dropFirst(offset).prefix(count))
        }
    }

    fileprivate func close() {
        if case .file(let descriptor, _) = self { _ = Glibc.close(descriptor) }
    }
}
