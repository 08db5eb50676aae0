/// The extent of a tensor along each axis, outermost first. A scalar has no axes.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// Extents, outermost axis first.
    public let dimensions: [Int]

    /// A shape of the given extents, none negative.
    public init(_ dimensions: [Int]) {
        if dimensions.contains(where: { $0 < 0 }) { misuse("a shape cannot be \(dimensions)") }
        self.dimensions = dimensions
    }

    /// A shape written as `[32, 784]`.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// The shape of a scalar: no axes, one element.
    public static let scalar = Shape([])

    /// The number of axes.
    public var rank: Int { dimensions.count }
    /// The number of elements.
    public var count: Int { dimensions.reduce(1, *) }
    /// The extent along `axis`.
    public subscript(axis: Int) -> Int { dimensions[axis] }

    /// Row-major strides, in elements.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * dimensions[axis + 1]
        }
        return strides
    }

    /// `[32, 784]`.
    public var description: String {
        "[" + dimensions.map(String.init).joined(separator: ",") + "]"
    }

    /// The shape that both broadcast to by NumPy's rule, or nil: axes are aligned at the end, and extents of 1
    /// stretch.
    public func broadcast(with other: Shape) -> Shape? {
        var result: [Int] = []
        let longer = max(rank, other.rank, 1)
        for back in 1...longer {
            let mine = back <= rank ? dimensions[rank - back] : 1
            let theirs = back <= other.rank ? other.dimensions[other.rank - back] : 1
            guard mine == theirs || mine == 1 || theirs == 1 else { return nil }
            if back <= max(rank, other.rank) { result.append(mine == 1 ? theirs : mine) }
        }
        return Shape(result.reversed())
    }

    /// This shape with extents of 1 prepended until it has `rank` axes.
    package func padded(toRank rank: Int) -> [Int] {
        [Int](repeating: 1, count: rank - self.rank) + dimensions
    }

    /// Strides, in elements, that read a tensor of this shape as one of `target`: 0 along broadcast axes.
    package func broadcastStrides(to target: Shape) -> [Int] {
        let padded = padded(toRank: target.rank)
        let own = [Int](repeating: 0, count: target.rank - rank) + strides
        return zip(padded, own).map { $0 == 1 ? 0 : $1 }
    }
}
