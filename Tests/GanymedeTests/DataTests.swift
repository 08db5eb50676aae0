import Foundation
import Ganymede
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(20)))
struct DataTests {
    @Test func embeddedDigitsAreWhole() throws {
        let data = try DataSource.mnist.load(size: 28, channels: 1)
        #expect(data.count == 60_000 && data.image == [28, 28, 1])
        let labels = try #require(data.labels)
        // The class counts of MNIST's training split.
        let counts = (0..<10).map { digit in labels.filter { $0 == digit }.count }
        #expect(counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    }

    @Test func embeddedTestSplitIsWhole() throws {
        let data = try NamedDataset.mnist.load(.test)
        #expect(data.count == 10_000)
        let labels = try #require(data.labels)
        let counts = (0..<10).map { digit in labels.filter { $0 == digit }.count }
        #expect(counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    }

    @Test func imagesAreResized() throws {
        let data = try DataSource.mnist.load(size: 8, channels: 3)
        #expect(data.image == [8, 8, 3] && data.count == 60_000)
        // Grey images stay grey, and the mean is preserved.
        let grey = data.pixels.prefix(8 * 8 * 3 * 100)
        #expect(stride(from: 0, to: grey.count, by: 3).allSatisfy { grey[$0] == grey[$0 + 1] })
        let original = try DataSource.mnist.load(size: 28, channels: 1)
        func mean(_ bytes: [UInt8]) -> Double {
            Double(bytes.reduce(0) { $0 + Int($1) }) / Double(bytes.count)
        }
        #expect(abs(mean(data.pixels) - mean(original.pixels)) < 2)
    }

    /// Batches depend on seed and step alone: in order, out of order, and after a resume.
    @Test func batchesDependOnTheStepAlone() throws {
        let pixels = (0..<53 * 4).map { UInt8(truncatingIfNeeded: $0) }
        let data = Dataset(name: "toy", image: [2, 2, 1], pixels: pixels, labels: nil)
        func batch(_ loader: inout BatchLoader, _ step: Int) -> [Float] {
            var values = [Float](repeating: 0, count: 10 * 4)
            values.withUnsafeMutableBufferPointer { loader.fill($0, step: step) }
            return values
        }
        var forward = try BatchLoader(data, batch: 10, seed: 9)
        let inOrder = (0..<15).map { batch(&forward, $0) }
        var backward = try BatchLoader(data, batch: 10, seed: 9)
        let outOfOrder = (0..<15).reversed().map { batch(&backward, $0) }
        #expect(inOrder == outOfOrder.reversed())
        #expect(forward.batchesPerEpoch == 5, "the short last batch is dropped")
        // An epoch has no image twice, and the next one has another order.
        let images = inOrder[0..<5].flatMap { values in
            stride(from: 0, to: 40, by: 4).map { Array(values[$0..<$0 + 4]) }
        }
        #expect(Set(images).count == 50)
        #expect(inOrder[0..<5] != inOrder[5..<10])
        var other = try BatchLoader(data, batch: 10, seed: 10)
        #expect(batch(&other, 0) != inOrder[0])
        #expect(throws: GanymedeError.self) { try BatchLoader(data, batch: 54, seed: 0) }
    }

    @Test func idxRoundTrip() throws {
        for shape in [[7], [3, 5, 2], [2, 3, 4, 3]] {
            let idx = IDX(shape: shape, bytes: (0..<shape.reduce(1, *)).map { UInt8($0) })
            let copy = try idx.data.withUnsafeBytes { try IDX($0, "test", rank: shape.count) }
            #expect(copy == idx)
        }
    }

    /// A damaged file is refused without a trap.
    @Test func damagedFilesAreRefused() throws {
        let whole = IDX(shape: [3, 4, 4], bytes: [UInt8](repeating: 9, count: 48)).data
        for length in 0..<whole.count {
            #expect(throws: GanymedeError.self) {
                try whole.prefix(length).withUnsafeBytes { try IDX($0, "cut", rank: 3) }
            }
        }
        var numbers = TestNumbers(seed: 12)
        for _ in 0..<300 {
            var damaged = whole
            for _ in 0..<3 {
                damaged[Int(numbers.next() % 16)] = UInt8(truncatingIfNeeded: numbers.next())
            }
            _ = try? damaged.withUnsafeBytes { try IDX($0, "damaged", rank: 3) }
        }
    }

    @Test func damagedCheckpointsAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.safetensors"
        try Safetensors.write(
            path, [("a", HostTensor([2, 3], [1, 2, 3, 4, 5, 6])), ("b", HostTensor([], [7]))],
            metadata: ["step": "4"])
        let whole = try Data(contentsOf: URL(filePath: path))
        let file = try Safetensors(path)
        #expect(try file.names == ["a", "b"] && file.tensor("b").values == [7])
        #expect(file.metadata == ["step": "4"])
        #expect(whole.count % 8 == 4, "the header is padded, the data is 7 floats")
        for length in 0..<whole.count {
            try folder.write("cut.safetensors", whole.prefix(length))
            #expect(throws: GanymedeError.self) {
                try Safetensors("\(folder.path)/cut.safetensors")
            }
        }
        var numbers = TestNumbers(seed: 13)
        for _ in 0..<400 {
            var damaged = whole
            for _ in 0..<2 {
                damaged[Int(numbers.next() % UInt64(whole.count - 28))] = UInt8(
                    truncatingIfNeeded: numbers.next())
            }
            try folder.write("damaged.safetensors", damaged)
            if let open = try? Safetensors("\(folder.path)/damaged.safetensors") {
                for name in open.names { _ = try? open.tensor(name) }
            }
        }
    }
}
