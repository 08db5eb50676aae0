import Foundation
import Ganymede
import TestSupport
import Testing

/// NumPy files: written arrays are read back, and other files are refused.
@Suite(.timeLimit(.minutes(20)))
struct NPYTests {
    func parse(_ data: Data) throws -> NPY { try data.withUnsafeBytes { try NPY($0, "a.npy") } }

    /// A file as NumPy writes it, in any format version.
    func file(_ header: String, version: UInt8 = 1, elements: [UInt8] = []) -> Data {
        let length = header.utf8.count
        let width = version == 1 ? 2 : 4
        let bytes = (0..<width).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return Data([0x93] + Array("NUMPY".utf8) + [version, 0] + bytes) + Data(header.utf8)
            + Data(elements)
    }

    @Test(arguments: [[5], [2, 3], [2, 3, 4], [1, 2, 2, 3], [70, 1, 1]])
    func roundTrip(shape: [Int]) throws {
        let bytes = (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let array = NPY(shape: shape, bytes: bytes)
        #expect(try parse(array.data) == array)
        #expect((array.data.count - bytes.count) % 64 == 0)
    }

    @Test(arguments: [UInt8(1), 2, 3])
    func formats(version: UInt8) throws {
        let header = "{\"shape\": (2, 1, 1), 'fortran_order': False, 'descr': '|u1'}\n"
        let array = try parse(file(header, version: version, elements: [3, 4]))
        #expect(array == NPY(shape: [2, 1, 1], bytes: [3, 4]))
    }

    @Test(arguments: [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }", "astype(\"uint8\")"),
        ("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 1, 1), }", "ascontiguousarray"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 1), }", "promises 2 bytes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "promises 16 bytes"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", "promises 32 bytes"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 1, 1), }", "shape is"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "shape is"),
        (
            "{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 4), }",
            "shape is"
        ),
        ("{'descr': '|u1', 'fortran_order': False}", "lacks"),
        ("{'descr': ", "lacks"), ("", "does not start"),
    ])
    func refused(header: String, reason: String) {
        let error = #expect(throws: GanymedeError.self) {
            try parse(file(header, elements: [7]))
        }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    /// A truncated file, or one with a changed byte, is refused or read as another array, without a trap.
    @Test func damagedFiles() throws {
        let whole = NPY(shape: [3, 2, 2], bytes: [UInt8](repeating: 9, count: 12)).data
        for length in 0..<whole.count {
            #expect(throws: GanymedeError.self) { try parse(whole.prefix(length)) }
        }
        for place in 0..<140 {
            for value in [UInt8(0), 0x27, 0x28, 0xff] {
                var damaged = whole
                damaged[place] = value
                if let array = try? parse(damaged) {
                    #expect(array.bytes.count == array.shape.reduce(1, *))
                }
            }
        }
    }

    @Test func dataset() throws {
        let folder = try TemporaryFolder()
        try folder.write("images.npy", NPY(shape: [2, 4, 5], bytes: (0..<40).map { $0 }).data)
        let images = try DataSource("\(folder.path)/images.npy").load(size: 4, channels: 3)
        #expect(images.count == 2 && images.image == [4, 4, 3])
        try folder.write("row.npy", NPY(shape: [6], bytes: [1, 2, 3, 4, 5, 6]).data)
        let error = #expect(throws: GanymedeError.self) {
            try DataSource("\(folder.path)/row.npy").load(size: 4, channels: 1)
        }
        #expect(error?.description.contains("images are [N, H, W]") == true)
    }
}
