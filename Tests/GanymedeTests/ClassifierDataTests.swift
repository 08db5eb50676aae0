import Foundation
import Ganymede
import TestSupport
import Testing

/// The input data of classifiers.
@Suite(.timeLimit(.minutes(20)))
struct ClassifierDataTests {
    private func picture(_ image: ImageSize, seed: UInt64) -> [UInt8] {
        var numbers = TestNumbers(seed: seed)
        return (0..<image.count).map { _ in UInt8(truncatingIfNeeded: numbers.next() >> 9) }
    }

    private func changed(
        _ pixels: [UInt8], _ image: ImageSize, by changes: Augmentation, place: Int,
        step: UInt64 = 1
    ) -> [Float] {
        var result = [Float](repeating: .nan, count: pixels.count)
        pixels.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                guard let source = source.baseAddress, let target = target.baseAddress else {
                    return
                }
                changes.write(
                    source, image, to: target, pixels: .unit,
                    key: RandomKey(seed: 4, step: step), place: place)
            }
        }
        return result
    }

    @Test(arguments: [[9, 9, 1], [8, 6, 3]] as [ImageSize])
    func noChangeIsACopy(image: ImageSize) {
        let pixels = picture(image, seed: 1)
        let copy = changed(pixels, image, by: .init(), place: 3)
        #expect(zip(copy, pixels).allSatisfy { abs($0 - Float($1) / 255) < 1e-6 })
    }

    /// Half of the pictures are mirrored, exactly, and the others are left as they are.
    @Test(arguments: [[9, 9, 1], [8, 6, 3]] as [ImageSize])
    func mirroring(image: ImageSize) {
        let pixels = picture(image, seed: 2)
        let (width, channels) = (image.width, image.channels)
        let mirrored = pixels.indices.map { index in
            let (row, column) = (index / (width * channels), index / channels % width)
            let place = (row * width + width - 1 - column) * channels + index % channels
            return Float(pixels[place]) / 255
        }
        var count = 0
        for place in 0..<400 {
            let result = changed(pixels, image, by: .init(mirrors: true), place: place)
            let isMirrored = zip(result, mirrored).allSatisfy { abs($0 - $1) < 1e-6 }
            let isCopy = zip(result, pixels).allSatisfy { abs($0 - Float($1) / 255) < 1e-6 }
            #expect(isMirrored != isCopy)
            count += isMirrored ? 1 : 0
        }
        #expect((160...240).contains(count), "\(count)")
    }

    /// A constant image stays constant, and a spot moves no further than allowed.
    @Test func changesAreBounded() {
        let image: ImageSize = [28, 28, 1]
        let flat = [UInt8](repeating: 77, count: 784)
        var spot = [UInt8](repeating: 0, count: 784)
        spot[14 * 28 + 14] = 255
        for place in 0..<50 {
            let still = changed(flat, image, by: .writing, place: place)
            #expect(still.allSatisfy { abs($0 - 77 / 255) < 1e-6 })
            let moved = changed(spot, image, by: .init(shift: 2), place: place)
            let mass = moved.reduce(0, +)
            #expect(abs(mass - 1) < 1e-4)
            let y = moved.indices.reduce(0) { $0 + Float($1 / 28) * moved[$1] }
            let x = moved.indices.reduce(0) { $0 + Float($1 % 28) * moved[$1] }
            #expect(abs(y - 14) <= 2.001 && abs(x - 14) <= 2.001)
            #expect(abs(y - 14) + abs(x - 14) > 0)
        }
    }

    @Test func changesDependOnSeedStepAndPlace() {
        let image: ImageSize = [28, 28, 1]
        let pixels = picture(image, seed: 3)
        let first = changed(pixels, image, by: .writing, place: 0)
        #expect(changed(pixels, image, by: .writing, place: 0) == first)
        #expect(changed(pixels, image, by: .writing, place: 1) != first)
        #expect(changed(pixels, image, by: .writing, place: 0, step: 2) != first)
    }

    /// The parts of a split hold every image once, and every class in proportion.
    @Test func splitsByClass() {
        let labels = (0..<200).map { $0 < 150 ? 0 : $0 < 198 ? 1 : $0 < 199 ? 2 : 3 }
        let data = Dataset(
            name: "test", image: [1, 1, 1], pixels: (0..<200).map { UInt8($0) }, labels: labels)
        let (part, rest) = data.split(share: 0.1, seed: 1, stream: "a")
        #expect((part.pixels + rest.pixels).sorted() == data.pixels)
        for half in [part, rest] {
            #expect(half.labels == half.pixels.map { labels[Int($0)] })
        }
        #expect(part.labels?.filter { $0 == 0 }.count == 15)
        #expect(part.labels?.filter { $0 == 1 }.count == 5)
        #expect(part.labels?.contains(2) == false)
        // At least one image of each class is left, if there are two or more.
        let least = data.split(share: 0.999, seed: 1, stream: "a").rest
        #expect([0, 1].allSatisfy { least.labels?.contains($0) == true })
        #expect(data.split(share: 0.1, seed: 1, stream: "a").part.pixels == part.pixels)
        #expect(data.split(share: 0.1, seed: 2, stream: "a").part.pixels != part.pixels)
        #expect(data.split(share: 0.1, seed: 1, stream: "b").part.pixels != part.pixels)
    }

    @Test(arguments: [1, 7, 1000])
    func stepSizesRiseAndFall(steps: Int) {
        let course = OneCycleSchedule(peak: 0.5, steps: steps)
        let sizes = (0..<steps).map { course[$0] }
        #expect(sizes.allSatisfy { $0 > 0 && $0 <= 0.5 })
        let top = sizes.firstIndex(of: sizes.max() ?? 0) ?? 0
        #expect(sizes[...top] == sizes[...top].sorted()[...])
        #expect(sizes[top...].reversed() == sizes[top...].sorted())
        if steps == 1000 { #expect(sizes[top] > 0.499 && sizes[999] < 1e-5 && sizes[0] < 0.01) }
    }

    /// log softmax against its closed form, also where e^x would overflow; its gradient, v - p sum(v), and its second
    /// derivative, -(diag(p) - p p^T) sum(v).
    @Test func logSoftmax() throws {
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType([2, 3]))
        let v = builder.feed("v", TensorType([2, 3]))
        let w = builder.feed("w", TensorType([2, 3]))
        let y = x.logSoftmax()
        let slope = gradients(of: (y * v).sum(), withRespectTo: [x])[0]
        builder.result("y", y)
        builder.result("slope", slope)
        builder.result("curve", gradients(of: (slope * w).sum(), withRespectTo: [x])[0])
        let (values, weights, others) = (
            [1e4, 1e4 - 1, -1e4, 0.3, -0.2, 1.1], [1, -2, 0.5, 3, 0.1, -1],
            [0.2, 1, -1, 0.7, 0, 2]
        )
        var (expectedY, expectedSlope, expectedCurve): ([Double], [Double], [Double]) = ([], [], [])
        for row in [0..<3, 3..<6] {
            let largest = values[row].max() ?? 0
            let p = values[row].map { exp($0 - largest) }
            let total = p.reduce(0, +)
            let q = p.map { $0 / total }
            let sum = weights[row].reduce(0, +)
            let mean = zip(q, others[row]).reduce(0) { $0 + $1.0 * $1.1 }
            expectedY += values[row].map { $0 - largest - log(total) }
            expectedSlope += zip(q, weights[row]).map { $1 - $0 * sum }
            expectedCurve += zip(q, others[row]).map { -$0 * ($1 - mean) * sum }
        }
        let inputs = [
            "x": ReferenceTensor([2, 3], values), "v": ReferenceTensor([2, 3], weights),
            "w": ReferenceTensor([2, 3], others),
        ]
        let found = Interpreter(builder.graph).run(inputs)
        for (name, expected) in [
            ("y", expectedY), ("slope", expectedSlope), ("curve", expectedCurve),
        ] {
            let numbers = found[name]?.values ?? []
            #expect(
                zip(numbers, expected).allSatisfy { abs($0 - $1) < 1e-9 * max(1, abs($1)) },
                "\(name) \(numbers) \(expected)")
        }
        #expect(try builder.graph.worstDifference(inputs).difference < 1e-5)
    }
}
