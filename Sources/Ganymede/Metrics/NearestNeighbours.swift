/// The nearest rows of one matrix to each row of another, by Euclidean distance. The result is exact, as if every
/// distance were computed in double precision.
public struct NearestNeighbours: Sendable {
    /// The number of neighbours of each query, k.
    public let count: Int
    /// The neighbours' row indices in `points`, [N, k], nearest first; the lower row of equally near ones.
    public private(set) var indices: [Int]
    /// The neighbours' squared distances, [N, k].
    public private(set) var squaredDistances: [Double]

    /// The `count` nearest rows of `points` to each row of `queries`. With `exceptSelf`, row i is no neighbour of query
    /// i: for the neighbours of points among themselves. Throws for NaN or infinity; misuse if there are fewer points,
    /// or the columns differ.
    public init(
        of queries: Matrix, among points: Matrix, count: Int, exceptSelf: Bool = false
    ) throws {
        if count < 1 || points.rows - (exceptSelf ? 1 : 0) < count {
            misuse("the \(count) nearest of \(points.rows) points")
        }
        for (name, matrix) in [("query", queries), ("point", points)] {
            if let row = matrix.firstRow(where: { !$0.allSatisfy(\.isFinite) }) {
                throw GanymedeError.metricUndefined(
                    "\(name) \(row) has no neighbours: it is not finite")
            }
        }
        self.count = count
        var indices = [Int](repeating: -1, count: queries.rows * count)
        var distances = [Double](repeating: .infinity, count: queries.rows * count)
        let bounds = DistanceBounds(from: queries, to: points)
        try bounds.forEach { query, first, lower in
            let worst = (query + 1) * count - 1
            lower.forEachBelow {
                // Once all neighbours found are exact copies, no point can be nearer.
                distances[worst] > 0 ? Float(distances[worst] * bounds.scale).nextUp : -.infinity
            } _: { column in
                let point = first + column
                if exceptSelf && point == query { return }
                let distance = queries.squaredDistance(query, points, point)
                if !(distance < distances[worst]) { return }
                var place = worst
                while place > worst + 1 - count, distances[place - 1] > distance {
                    distances[place] = distances[place - 1]
                    indices[place] = indices[place - 1]
                    place -= 1
                }
                distances[place] = distance
                indices[place] = point
            }
        }
        self.indices = indices
        squaredDistances = distances
    }

    /// The distance of a query to its neighbour of a rank, 0 being the nearest.
    public func distance(_ query: Int, rank: Int = 0) -> Double {
        squaredDistances[query * count + rank].squareRoot()
    }
}
