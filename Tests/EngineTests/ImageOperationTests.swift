import Engine
import TestSupport
import Testing

/// Composite image operations against their definitions, written as loops over random windows.
@Suite(.timeLimit(.minutes(20)))
struct ImageOperationTests {
    struct Case: CustomStringConvertible, Sendable {
        let image: [Int]
        let channels: Int
        let size: [Int]
        let strides: [Int]
        let padding: Padding
        let values: [Double]

        init(seed: UInt64) {
            var numbers = TestNumbers(seed: seed)
            func pick(_ range: ClosedRange<Int>) -> Int {
                range.lowerBound + Int(numbers.next() % UInt64(range.count))
            }
            let size = [pick(1...4), pick(1...4)]
            self.size = size
            image = size.map { $0 + pick(0...5) }
            strides = [pick(1...3), pick(1...3)]
            channels = pick(1...5)
            padding =
                [.valid, .same, .symmetric(rows: size[0] / 2, columns: size[1] / 2)][
                    pick(0...2)]
            values = numbers.tensor(Shape([2] + image + [channels]), in: -1...1)
        }

        var description: String { "\(size) of \(image) by \(strides) \(padding)" }
        var shape: Shape { Shape([2] + image + [channels]) }
        var window: Window {
            Window(image: image, size: size, strides: strides, padding: padding)
        }

        func pixel(_ n: Int, _ row: Int, _ column: Int, _ c: Int) -> Double? {
            guard (0..<image[0]).contains(row), (0..<image[1]).contains(column) else { return nil }
            return values[((n * image[0] + row) * image[1] + column) * channels + c]
        }

        /// For each output position and channel, the pixels under the window.
        var seen: [[Double]] {
            let places = window.outputSize
            return (0..<2).flatMap { n in
                (0..<places[0]).flatMap { i in
                    (0..<places[1]).flatMap { j in
                        (0..<channels).map { c in
                            (0..<size[0]).flatMap { k in
                                (0..<size[1]).compactMap { l in
                                    pixel(
                                        n, i * strides[0] + k - window.padBefore[0],
                                        j * strides[1] + l - window.padBefore[1], c)
                                }
                            }
                        }
                    }
                }
            }
        }

        func evaluate(_ build: (Tensor) -> Tensor) -> ReferenceTensor? {
            let builder = GraphBuilder()
            builder.result("y", build(builder.feed("x", TensorType(shape))))
            return Interpreter(builder.graph).run(["x": ReferenceTensor(shape, values)])["y"]
        }
    }

    static let cases = (1...40).map { Case(seed: $0) }

    @Test(arguments: cases)
    func poolingIsItsDefinition(test: Case) throws {
        let largest = test.evaluate {
            $0.maxPooled(test.size, strides: test.strides, padding: test.padding)
        }
        let mean = test.evaluate {
            $0.averagePooled(test.size, strides: test.strides, padding: test.padding)
        }
        let shape = Shape([2] + test.window.outputSize + [test.channels])
        #expect(largest?.shape == shape && mean?.shape == shape)
        for (index, seen) in test.seen.enumerated() {
            #expect(largest?.values[index] == seen.max())
            let expected = seen.reduce(0, +) / Double(seen.count)
            #expect(abs((mean?.values[index] ?? .nan) - expected) < 1e-12)
        }
    }

    @Test(arguments: cases)
    func upsamplingRepeatsPixels(test: Case) {
        let (rows, columns) = (test.strides[0], test.strides[1])
        let found = test.evaluate { $0.upsampledNearest(rows: rows, columns: columns) }
        let expected = (0..<2).flatMap { n in
            (0..<test.image[0] * rows).flatMap { row in
                (0..<test.image[1] * columns).flatMap { column in
                    (0..<test.channels).compactMap {
                        test.pixel(n, row / rows, column / columns, $0)
                    }
                }
            }
        }
        #expect(found?.values == expected)
    }

    /// A transposed convolution adds each pixel, times the filter, to the outputs under its window.
    @Test(arguments: cases)
    func transposedConvolutionIsItsDefinition(test: Case) throws {
        var padding = test.padding
        // A window inside its own padding has no output to add pixels to.
        if case .symmetric = padding { padding = .same }
        let window = Window(
            outputSize: test.image, size: test.size, strides: test.strides, padding: padding)
        let filters = 3
        let filterShape = Shape(test.size + [filters, test.channels])
        var numbers = TestNumbers(seed: 9)
        let filter = numbers.tensor(filterShape, in: -1...1)
        let found = test.evaluate { x in
            x.transposedConvolution(
                x.builder.constant(filterShape, filter), strides: test.strides, padding: padding)
        }
        var expected = [Double](repeating: 0, count: 2 * window.image.reduce(1, *) * filters)
        for n in 0..<2 {
            for i in 0..<test.image[0] {
                for j in 0..<test.image[1] {
                    for k in 0..<test.size[0] {
                        for l in 0..<test.size[1] {
                            let row = i * test.strides[0] + k - window.padBefore[0]
                            let column = j * test.strides[1] + l - window.padBefore[1]
                            guard (0..<window.image[0]).contains(row),
                                (0..<window.image[1]).contains(column)
                            else { continue }
                            for o in 0..<filters {
                                let at =
                                    ((n * window.image[0] + row) * window.image[1] + column)
                                    * filters + o
                                for c in 0..<test.channels {
                                    let tap =
                                        ((k * test.size[1] + l) * filters + o) * test.channels + c
                                    expected[at] += (test.pixel(n, i, j, c) ?? 0) * filter[tap]
                                }
                            }
                        }
                    }
                }
            }
        }
        #expect(found?.shape == Shape([2] + window.image + [filters]))
        for (x, y) in zip(found?.values ?? [], expected) { #expect(abs(x - y) < 1e-12) }
    }

    /// TensorFlow's rule: 28 pixels under a window of 5 with stride 2 get one pixel before and two after.
    @Test func samePaddingPutsTheOddPixelBehind() {
        let window = Window(image: [28, 7], size: [5, 5], strides: [2, 2], padding: .same)
        #expect(
            window.padBefore == [1, 2] && window.padAfter == [2, 2] && window.outputSize == [14, 4])
    }
}
