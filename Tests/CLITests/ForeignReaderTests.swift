import Foundation
import Ganymede
import TestSupport
import Testing

/// What Ganymede writes is read by a program that follows the formats' documents and shares no code with it. What others
/// write is read elsewhere: the golden files of layers and systems come from Keras and PyTorch.
@Suite(.timeLimit(.minutes(20)))
struct ForeignReaderTests {
    private static let reader = """
        import ast, json, math, struct, sys
        kind, path = sys.argv[1:]
        data = open(path, "rb").read()
        if kind == "safetensors":
            size = struct.unpack("<Q", data[:8])[0]
            header = json.loads(data[8:8 + size])
            assert (8 + size) % 8 == 0 and all(isinstance(v, str) for v in header.pop("__metadata__").values())
            end = 0
            for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
                start, stop = entry["data_offsets"]
                count = 1
                for side in entry["shape"]:
                    count *= side
                assert entry["dtype"] == "F32" and start == end and stop - start == 4 * count, name
                end = stop
                values = struct.unpack(f"<{count}f", data[8 + size + start:8 + size + stop])
                print(name, *entry["shape"], repr(math.fsum(values)))
            assert 8 + size + end == len(data)
        elif kind == "npy":
            assert data[:8] == b"\\x93NUMPY\\x01\\x00"
            size = struct.unpack("<H", data[8:10])[0]
            header = ast.literal_eval(data[10:10 + size].decode())
            assert (10 + size) % 64 == 0 and header["descr"] == "|u1" and not header["fortran_order"]
            print(*header["shape"], sum(data[10 + size:]))
        else:
            zeros, kind, rank = struct.unpack(">HBB", data[:4])
            assert zeros == 0 and kind == 8
            shape = struct.unpack(f">{rank}I", data[4:4 + 4 * rank])
            print(*shape, sum(data[4 + 4 * rank:]))
        """

    @Test func otherProgramsReadOurs() throws {
        let folder = try TemporaryFolder()
        try folder.write("reader.py", Data(ForeignReaderTests.reader.utf8))
        func read(_ kind: String, _ path: String) throws -> String {
            let result = try Command.run(
                ["python3", "reader.py", kind, path], of: "/usr/bin/env", in: folder.path)
            #expect(result.code == 0, "\(kind): \(result.errors)")
            return result.output
        }
        for arguments in [
            ["train"] + small + [
                "--steps", "2", "--batch", "8", "--metrics-every", "0", "--quiet", "--out", "run",
            ],
            ["generate", "run", "--seeds", "0-5", "-o", "a.npy"],
            ["generate", "run", "--seeds", "0-5", "-o", "a.idx"],
        ] {
            #expect(try Command.run(arguments, in: folder.path).code == 0)
        }
        let path = "run/checkpoints/step-000002.safetensors"
        let file = try Safetensors("\(folder.path)/\(path)")
        let lines = try read("safetensors", path).split(separator: "\n")
        #expect(lines.count == file.names.count)
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            let tensor = try file.tensor(words[0])
            #expect(tensor.shape.dimensions.map { "\($0)" } == Array(words[1..<words.count - 1]))
            let sum = tensor.values.reduce(0.0) { $0 + Double($1) }
            let found = try #require(Double(words[words.count - 1]))
            #expect(abs(found - sum) < 1e-9 * Double(max(tensor.values.count, 1)))
        }
        let pixels = try Model.load("\(folder.path)/run").generate(seeds: 0..<6)
        guard case .images(let bytes, _) = pixels else { return #expect(Bool(false)) }
        let sum = bytes.reduce(0) { $0 + Int($1) }
        #expect(try read("npy", "a.npy") == "6 28 28 1 \(sum)\n")
        #expect(try read("idx", "a.idx") == "6 28 28 \(sum)\n")
    }
}
