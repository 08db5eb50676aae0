import Engine
import TestSupport

/// Rows of operations on images.
extension OpTable {
    static let slicing: [OpRow] =
        [
            ([7], [1], [6], [2]), ([4, 17], [0, 3], [4, 17], [1, 5]),
            ([2, 5, 6, 3], [0, 1, 0, 0], [2, 5, 5, 3], [1, 2, 2, 1]),
        ]
        .map { (shape: Shape, starts: [Int], ends: [Int], strides: [Int]) in
            OpRow(name: "slice", shapes: [shape]) {
                let slice = Slice(starts: starts, ends: ends, strides: strides)
                return [
                    $0[0].builder.emit(slice, $0[0]), $0[0].builder.emit(slice, $0[0] * $0[0]),
                ]
            }
        }
        + [
            ([5], [2], [1], [0], 0.0), ([3, 17], [0, 2], [1, 0], [1, 2], 1.5),
            ([2, 3, 4, 3], [0, 1, 2, 0], [0, 2, 1, 0], [0, 0, 1, 0], -1.0),
        ]
        .map {
            (shape: Shape, before: [Int], after: [Int], between: [Int], value: Double) in
            OpRow(name: "pad", shapes: [shape]) {
                let pad = Pad(before: before, after: after, between: between, value: value)
                return [$0[0].builder.emit(pad, $0[0]), $0[0].builder.emit(pad, $0[0] * $0[0])]
            }
        }
        + [[5, 5, 4, 3], [4, 1, 7, 1], [3, 2, 17, 2]].map { (shape: Shape) in
            OpRow(name: "shift", shapes: [shape]) {
                // To every side, not at all, and out of the image.
                func offsets(_ values: [Double]) -> [Double] { Array(values.prefix(shape[0])) }
                let each: Shape = [shape[0], 1, 1, 1]
                let rows = $0[0].builder.constant(each, offsets([1, -2, 0, 0, 9]))
                let columns = $0[0].builder.constant(each, offsets([-1, 3, 0, -99, 1]))
                return [
                    $0[0].shifted(rows: rows, columns: columns),
                    ($0[0] * $0[0]).shifted(rows: rows, columns: columns),
                ]
            }
        }
        + [
            ([[3], [1], [5]], 0), ([[2, 3], [17, 3]], 0),
            ([[2, 3, 4], [2, 1, 4], [2, 5, 4]], 1),
            ([[4, 2], [4, 7]], 1),
        ]
        .map { (shapes: [Shape], axis: Int) in
            OpRow(name: "concatenate", shapes: shapes) { parts in
                [concatenate(parts.map { $0 * $0 }, axis: axis), concatenate(parts, axis: axis)]
            }
        }

    /// Windows of the presets at small sizes, and unusual ones: image, kernel, strides, padding, channels, filters.
    static let convolutions: [OpRow] =
        [
            ([5, 5], [3, 3], [1, 1], Padding.same, 2, 3), ([6, 6], [5, 5], [2, 2], .same, 1, 16),
            ([3, 3], [5, 5], [2, 2], .same, 16, 4), ([4, 4], [2, 2], [1, 1], .valid, 1, 16),
            ([7, 5], [3, 2], [2, 3], .symmetric(rows: 1, columns: 0), 3, 5),
            ([3, 4], [5, 5], [1, 1], .same, 8, 1), ([4, 4], [1, 1], [2, 2], .valid, 5, 17),
            // Strided 1x1 windows, for which oneDNN's filter gradient writes past its workspace.
            ([9, 7], [1, 1], [2, 3], .valid, 24, 40), ([16, 16], [1, 1], [2, 2], .valid, 4, 8),
            // Padding larger than the window: some positions see no pixel.
            ([4, 3], [1, 1], [1, 1], .symmetric(rows: 3, columns: 4), 1, 2),
            ([3, 4], [2, 3], [2, 1], .symmetric(rows: 4, columns: 6), 3, 2),
            ([4, 4], [3, 3], [1, 1], .same, 32, 16), ([12, 12], [5, 5], [1, 1], .same, 8, 16),
            ([12, 12], [5, 5], [1, 1], .same, 8, 1), ([12, 12], [5, 5], [2, 2], .same, 3, 16),
        ]
        .flatMap { row in
            // Five images do not divide evenly among the threads.
            [2, 5].flatMap { convolutions(batch: $0, row.0, row.1, row.2, row.3, row.4, row.5) }
        }

    private static func convolutions(
        batch: Int, _ image: [Int], _ size: [Int], _ strides: [Int], _ padding: Padding, _ c: Int,
        _ o: Int
    ) -> [OpRow] {
        let window = Window(image: image, size: size, strides: strides, padding: padding)
        let x = Shape([batch] + image + [c])
        let w = Shape(size + [c, o])
        let y = Shape([batch] + window.outputSize + [o])
        return [
            (Convolution.Direction.forward, [x, w]), (.inputGradient, [y, w]),
            (.filterGradient, [x, y]),
        ]
        .map { (direction: Convolution.Direction, shapes: [Shape]) in
            let convolution = Convolution(direction, window)
            return OpRow(name: convolution.name, shapes: shapes, tolerance: 1e-5) {
                [$0[0].builder.emit(convolution, $0[0], $0[1])]
            }
        }
    }

    /// Compositions, which must have gradients of both orders and no slow kernel all the same.
    static let pooling: [OpRow] =
        [
            ([2, 4, 6, 3], [2, 2], [2, 2], Padding.valid), ([1, 5, 5, 2], [3, 3], [2, 2], .same),
            ([2, 3, 4, 1], [2, 3], [1, 1], .same),
        ]
        .flatMap { (shape: Shape, size: [Int], strides: [Int], padding: Padding) in
            [
                OpRow(name: "maxPool", shapes: [shape]) {
                    [($0[0] * $0[0].absolute()).maxPooled(size, strides: strides, padding: padding)]
                },
                OpRow(name: "averagePool", shapes: [shape]) {
                    [($0[0] * $0[0]).averagePooled(size, strides: strides, padding: padding)]
                },
            ]
        }
        + ([[2, 3, 4, 3], [1, 1, 2, 17]] as [Shape]).flatMap { shape in
            [
                OpRow(name: "upsample", shapes: [shape]) {
                    [($0[0] * $0[0]).upsampledNearest(rows: 2, columns: 3)]
                },
                OpRow(name: "dropout", shapes: [shape]) {
                    let mask = $0[0].builder.random(
                        .bernoulli(probability: 0.6), shape, stream: "test")
                    return [$0[0] * $0[0] * mask * (1 / 0.6)]
                },
            ]
        }
}
