// Functions for layers on images [N, H, W, C], composed of primitives.

extension Tensor {
    /// The elements with an index in `range` along one axis.
    public func slice(axis: Int, _ range: Range<Int>) -> Tensor {
        guard shape.dimensions.indices.contains(axis), !range.isEmpty, range.lowerBound >= 0,
            range.upperBound <= shape[axis]
        else { builder.misuseHere("slice \(range) along the axis \(axis) of \(type)") }
        var (starts, ends) = (shape.dimensions.map { _ in 0 }, shape.dimensions)
        (starts[axis], ends[axis]) = (range.lowerBound, range.upperBound)
        return builder.emit(
            Slice(starts: starts, ends: ends, strides: starts.map { _ in 1 }), self)
    }

    /// Padded with `value`: `before` and `after` are the numbers of elements added along each axis.
    public func padded(before: [Int], after: [Int], with value: Double = 0) -> Tensor {
        if (before + after).allSatisfy({ $0 == 0 }) { return self }
        return builder.emit(
            Pad(before: before, after: after, between: before.map { _ in 0 }, value: value), self)
    }

    /// This image with every pixel repeated `rows` times vertically and `columns` times horizontally.
    public func upsampledNearest(rows: Int, columns: Int) -> Tensor {
        let (n, h, w, c) = (shape[0], shape[1], shape[2], shape[3])
        return reshape([n, h, 1, w, 1, c]).broadcast(to: [n, h, rows, w, columns, c])
            .reshape([n, h * rows, w * columns, c])
    }

    /// Max pooling; pixels outside the image do not count. Among equal maxima the first gets the gradient. In adjacent
    /// windows of more than 64 pixels they share it.
    public func maxPooled(_ size: [Int], strides: [Int], padding: Padding = .valid) -> Tensor {
        let window = poolingWindow(size, strides, padding)
        if window.tiles && size[0] * size[1] > 64 {
            return tiled(window).max(axes: [2, 4])
        }
        // Finite in place of minus infinity, so that a search for NaN or infinity does not stop here.
        let parts = taps(window, outside: -0x1p127)
        return parts.dropFirst().reduce(parts[0]) { $0.maximum($1) }
    }

    /// Average pooling; pixels outside the image do not count.
    public func averagePooled(_ size: [Int], strides: [Int], padding: Padding = .valid) -> Tensor {
        let window = poolingWindow(size, strides, padding)
        if window.tiles {
            return tiled(window).mean(axes: [2, 4])
        }
        let parts = taps(window, outside: 0)
        let total = parts.dropFirst().reduce(parts[0], +)
        let inside = (0..<2).map { axis in
            (0..<window.outputSize[axis]).map { place in
                let start = place * window.strides[axis] - window.padBefore[axis]
                return Swift.min(start + size[axis], window.image[axis]) - Swift.max(start, 0)
            }
        }
        if inside.allSatisfy({ Set($0).count == 1 }) {
            return total * (1 / Double(inside[0][0] * inside[1][0]))
        }
        // One factor per row and one per column: a factor per pixel would take as much memory as an image.
        let weights = inside.map { counts in counts.map { 1 / Double($0) } }
        return total * builder.constant([weights[0].count, 1, 1], weights[0])
            * builder.constant([1, weights[1].count, 1], weights[1])
    }

    /// Reshaped to [N, row of tiles, row in a tile, column of tiles, column in a tile, C].
    private func tiled(_ window: Window) -> Tensor {
        let (places, size) = (window.outputSize, window.size)
        return reshape([shape[0], places[0], size[0], places[1], size[1], shape[3]])
    }

    private func poolingWindow(_ size: [Int], _ strides: [Int], _ padding: Padding) -> Window {
        guard shape.rank == 4 else { builder.misuseHere("pooling of \(type)") }
        let window = Window(
            image: Array(shape.dimensions[1...2]), size: size, strides: strides, padding: padding)
        if !window.isPossible { builder.misuseHere("pooling \(window) of \(type)") }
        return window
    }

    /// For each tap of the window, the pixels [N, OH, OW, C] that it reads; `outside` is the padding value.
    private func taps(_ window: Window, outside: Double) -> [Tensor] {
        let padded = padded(
            before: [0] + window.padBefore + [0], after: [0] + window.padAfter + [0], with: outside)
        let places = window.outputSize
        return (0..<window.size[0]).flatMap { row in
            (0..<window.size[1]).map { column in
                let starts = [0, row, column, 0]
                let ends = [
                    shape[0], row + (places[0] - 1) * window.strides[0] + 1,
                    column + (places[1] - 1) * window.strides[1] + 1, shape[3],
                ]
                return builder.emit(
                    Slice(starts: starts, ends: ends, strides: [1] + window.strides + [1]), padded)
            }
        }
    }
}

/// The tensors concatenated along `axis`.
public func concatenate(_ tensors: [Tensor], axis: Int) -> Tensor {
    guard let first = tensors.first else { misuse("nothing to concatenate") }
    return first.builder.emitAll(Concatenate(axis: axis), tensors)[0]
}
