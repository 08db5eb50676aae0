/// Padding around an image before a window slides over it.
public enum Padding: Hashable, Sendable {
    /// None: the window stays inside the image.
    case valid
    /// Gives ceil(size / stride) output positions, with an odd pixel at the bottom and right (TensorFlow's rule).
    case same
    /// This many rows above and below, and columns left and right (PyTorch's rule).
    case symmetric(rows: Int, columns: Int)
}

/// A window that slides over an image in strides, as in convolutions and pooling.
package struct Window: Hashable, Sendable, CustomStringConvertible {
    /// Height and width of the image.
    package let image: [Int]
    /// Height and width of the window.
    package let size: [Int]
    /// Vertical and horizontal stride, in pixels.
    package let strides: [Int]
    /// Rows of padding above and columns left of the image.
    package let padBefore: [Int]
    /// Rows of padding below and columns right of the image.
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

    /// The window with the output size `places`, for transposed convolutions: they are the input gradient of a
    /// convolution with this window. The image has Keras's size for `valid` and `same`, and PyTorch's for symmetric
    /// padding.
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

    /// Rows and columns of output positions; 0 where the window does not fit.
    package var outputSize: [Int] {
        (0..<2).map { axis in
            let room = image[axis] + padBefore[axis] + padAfter[axis] - size[axis]
            return room < 0 ? 0 : room / strides[axis] + 1
        }
    }

    /// Pixels of the image under the window along an axis, summed over the output positions.
    package func tapsInside(axis: Int) -> Int {
        (0..<outputSize[axis]).reduce(0) { sum, place in
            let first = place * strides[axis] - padBefore[axis]
            return sum
                + Swift.max(
                    Swift.min(first + size[axis], image[axis]) - Swift.max(first, 0), 0)
        }
    }

    /// Whether the windows of all output positions cover the image without gaps, overlap or padding.
    package var tiles: Bool {
        size == strides && (0..<2).allSatisfy { outputSize[$0] * size[$0] == image[$0] }
            && (padBefore + padAfter).allSatisfy { $0 == 0 }
    }

    /// The window of the convolution over y with the flipped filter that computes the input gradient. Nil unless the
    /// stride is 1 and the padding is smaller than the window.
    package var mirrored: Window? {
        let (places, reach) = (outputSize, size.map { $0 - 1 })
        let edges: [Int] = (0..<2).map { reach[$0] - padBefore[$0] }
        let ends: [Int] = (0..<2).map { image[$0] - places[$0] - edges[$0] + reach[$0] }
        guard strides == [1, 1], (edges + ends).allSatisfy({ $0 >= 0 }) else { return nil }
        return Window(image: places, size: size, strides: [1, 1], before: edges, after: ends)
    }

    /// Whether it is 1x1 with a stride above 1 and no padding, so that it reads some pixels and skips others.
    package var isStridedPointwise: Bool {
        size == [1, 1] && strides != [1, 1] && (padBefore + padAfter).allSatisfy { $0 == 0 }
    }

    /// Whether every extent is valid and the window fits.
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
