/// An estimate of the manifold of a set of images: a ball around each image, whose radius is the distance to its k-th
/// nearest neighbour in the set, excluding itself. The surface of a ball is outside.
struct Manifold {
    private let points: Matrix
    private let nearest: NearestNeighbours

    /// Balls that reach to the `neighbours`-th nearest other row of `points`; misuse if there are not as many.
    init(_ points: Matrix, neighbours: Int) throws {
        self.points = points
        nearest = try NearestNeighbours(
            of: points, among: points, count: neighbours, exceptSelf: true)
    }

    /// The squared distances of each row to its k-th nearest neighbour, for any k up to that of the balls.
    func squaredRadii(_ k: Int) -> [Double] {
        (0..<points.rows).map { nearest.squaredDistances[$0 * nearest.count + k - 1] }
    }

    /// Calls `body` with each query and each ball that holds it, in no particular order. Skips queries that are `done`.
    func forEachBall(
        holding queries: Matrix, unless done: (_ query: Int) -> Bool = { _ in false },
        _ body: (_ query: Int, _ ball: Int) -> Void
    ) throws {
        let radii = squaredRadii(nearest.count)
        let bounds = DistanceBounds(from: queries, to: points, less: radii)
        try bounds.forEach { query, first, lower in
            lower.forEachBelow {
                done(query) ? -.infinity : 0
            } _: { column in
                let ball = first + column
                if lower[column] < -bounds.slack
                    || queries.squaredDistance(query, points, ball) < radii[ball]
                {
                    body(query, ball)
                }
            }
        }
    }
}
