#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

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

    /// Parses a file whose number of axes is one of `ranks`.
    package init(_ data: UnsafeRawBufferPointer, _ source: String, ranks: ClosedRange<Int>) throws {
        if Gzip.isCompressed(data) {
            let unpacked = try Gzip.unpack(data, source, expected: data.count * 5)
            self = try unpacked.withUnsafeBytes { try IDX(unpacked: $0, source, ranks) }
        } else {
            try self.init(unpacked: data, source, ranks)
        }
    }

    private init(
        unpacked data: UnsafeRawBufferPointer, _ source: String, _ ranks: ClosedRange<Int>
    ) throws {
        func broken(_ reason: String) -> GanymedeError {
            .world(
                "\(source) is not an IDX file of \(ranks.upperBound == 1 ? "labels" : "images"): \(reason)"
            )
        }
        guard data.count >= 4 else {
            throw broken("it has \(data.count) bytes, less than a header")
        }
        guard data[0] == 0, data[1] == 0, data[2] == 8, ranks.contains(Int(data[3])) else {
            let found = (0..<4).map { String(data[$0], radix: 16) }.joined(separator: " ")
            throw broken("it starts with \(found), not 0 0 8 \(ranks.lowerBound)")
        }
        let rank = Int(data[3])
        let header = 4 + 4 * rank
        guard data.count >= header else { throw broken("its header is truncated") }
        shape = (0..<rank).map { axis in
            (0..<4).reduce(0) { $0 << 8 | Int(data[4 + 4 * axis + $1]) }
        }
        let (count, overflow) = shape.reduce((1, false)) {
            let (product, over) = $0.0.multipliedReportingOverflow(by: $1)
            return (product, $0.1 || over)
        }
        guard !overflow, count > 0 else { throw broken("it promises \(Shape(shape)) numbers") }
        guard data.count - header == count else {
            throw broken(
                "its header promises \(count) bytes of data \(Shape(shape)), and there are \(data.count - header)"
            )
        }
        bytes = Array(data[header...])
    }

    /// The file's bytes.
    package var data: Data {
        var data = Data([0, 0, 8, UInt8(shape.count)])
        for extent in shape {
            data.append(contentsOf: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) })
        }
        data.append(contentsOf: bytes)
        return data
    }
}
