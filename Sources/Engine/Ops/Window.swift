/// What is put around an image before a window moves over it.
public enum Padding: Hashable, Sendable {
    /// Nothing: the window stays inside.
    case valid
    /// As much as makes ceil(size / stride) places, the odd pixel at the bottom and right (TensorFlow's rule).
    case same
    /// This many rows above and below, and columns left and right (PyTorch's rule).
    case symmetric(rows: Int, columns: Int)
}

/// A window that moves over an image in steps: what convolutions and pooling share.
package struct Window: Hashable, Sendable, CustomStringConvertible {
    /// Height and width of the image.
    package let image: [Int]
    /// Height and width of the window.
    package let size: [Int]
    /// Rows and columns from one place to the next.
    package let strides: [Int]
    /// Rows above and columns left of the image.
    package let padBefore: [Int]
    /// Rows below and columns right of it.
    package let padAfter: [Int]

    package init(image: [Int], size: [Int], strides: [Int], padding: Padding) {
        self.image = image
        self.size = size
        self.strides = strides
        switch padding {
        case .valid: (padBefore, padAfter) = ([0, 0], [0, 0])
        case .symmetric(let rows, let columns):
            (padBefore, padAfter) = ([rows, columns], [rows, columns])
        case .same:
            let total = (0..<2).map { axis in
                let places = (image[axis] + strides[axis] - 1) / strides[axis]
                return max((places - 1) * strides[axis] + size[axis] - image[axis], 0)
            }
            padBefore = total.map { $0 / 2 }
            padAfter = total.map { $0 - $0 / 2 }
        }
    }

    private init(
        image: [Int], size: [Int], strides: [Int], before padBefore: [Int], after padAfter: [Int]
    ) {
        self.image = image
        self.size = size
        self.strides = strides
        self.padBefore = padBefore
        self.padAfter = padAfter
    }

    /// The window whose places are `places`: that of the convolution whose input gradient a transposed
    /// convolution is. Keras's sizes for `valid` and `same`, PyTorch's for symmetric padding.
    package init(outputSize places: [Int], size: [Int], strides: [Int], padding: Padding) {
        let image = (0..<2).map { axis in
            let (count, step, extent) = (places[axis], strides[axis], size[axis])
            switch padding {
            case .valid: return count * step + max(extent - step, 0)
            case .same: return count * step
            case .symmetric(let rows, let columns):
                return (count - 1) * step + extent - 2 * (axis == 0 ? rows : columns)
            }
        }
        self.init(image: image, size: size, strides: strides, padding: padding)
    }

    /// Rows and columns of places; below 1 where the window does not fit.
    package var outputSize: [Int] {
        (0..<2).map { axis in
            let room = image[axis] + padBefore[axis] + padAfter[axis] - size[axis]
            return room < 0 ? 0 : room / strides[axis] + 1
        }
    }

    /// How many pixels of the image the window sees along an axis, summed over its places.
    package func tapsInside(axis: Int) -> Int {
        (0..<outputSize[axis]).reduce(0) { sum, place in
            let first = place * strides[axis] - padBefore[axis]
            return sum
                + Swift.max(
                    Swift.min(first + size[axis], image[axis]) - Swift.max(first, 0), 0)
        }
    }

    /// Whether its places cover the image without a gap, an overlap or padding.
    package var tiles: Bool {
        size == strides && (0..<2).allSatisfy { outputSize[$0] * size[$0] == image[$0] }
            && (padBefore + padAfter).allSatisfy { $0 == 0 }
    }

    /// The window that moves over the places, turned around, and makes the image: where it moves by one and its
    /// padding is smaller than itself.
    package var mirrored: Window? {
        let (places, reach) = (outputSize, size.map { $0 - 1 })
        let edges: [Int] = (0..<2).map { reach[$0] - padBefore[$0] }
        let ends: [Int] = (0..<2).map { image[$0] - places[$0] - edges[$0] + reach[$0] }
        guard strides == [1, 1], (edges + ends).allSatisfy({ $0 >= 0 }) else { return nil }
        return Window(image: places, size: size, strides: [1, 1], before: edges, after: ends)
    }

    /// Whether it picks single pixels and skips others: 1x1, in steps, without padding.
    package var isStridedPointwise: Bool {
        size == [1, 1] && strides != [1, 1] && (padBefore + padAfter).allSatisfy { $0 == 0 }
    }

    /// Whether every extent makes sense, and the window has a place.
    package var isPossible: Bool {
        image.allSatisfy { $0 > 0 } && size.allSatisfy { $0 > 0 } && strides.allSatisfy { $0 > 0 }
            && (padBefore + padAfter).allSatisfy { $0 >= 0 } && outputSize.allSatisfy { $0 > 0 }
    }

    /// `5x5 stride 2x2 pad 1,1-2,2 of 28x28`.
    package var description: String {
        func pair(_ values: [Int], _ separator: String = "x") -> String {
            values.map(String.init).joined(separator: separator)
        }
        return
            "\(pair(size)) stride \(pair(strides)) pad \(pair(padBefore, ","))-\(pair(padAfter, ","))"
            + " of \(pair(image))"
    }
}
