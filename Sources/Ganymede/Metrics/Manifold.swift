/// An estimate of the manifold of a set of images: a ball around each image, whose radius is the distance to its k-th
/// nearest neighbour in the set, excluding itself. The surface of a ball is outside.
struct Manifold {
    private let points: Matrix
    private let neighbours: Int
    /// The squared distances to the neighbours of each point, nearest first.
    private let squaredDistances: [Double]

    /// Balls that reach to the `neighbours`-th nearest other row of `points`; misuse if there are not as many.
    ///
    /// - Parameter known: of `points`, if they are real samples.
    init(_ points: Matrix, neighbours: Int, known: RealFigures = RealFigures()) throws {
        self.points = points
        self.neighbours = neighbours
        squaredDistances = try known.values("manifold \(neighbours)", isSaved: false) {
            try NearestNeighbours(of: points, among: points, count: neighbours, exceptSelf: true)
                .squaredDistances
        }
    }

    /// The squared distances of each row to its k-th nearest neighbour, for any k up to that of the balls.
    func squaredRadii(_ k: Int) -> [Double] {
        (0..<points.rows).map { squaredDistances[$0 * neighbours + k - 1] }
    }

    /// Calls `body` with each query and each ball that holds it, in no particular order. Skips queries that are `done`.
    func forEachBall(
        holding queries: Matrix, unless done: (_ query: Int) -> Bool = { _ in false },
        _ body: (_ query: Int, _ ball: Int) -> Void
    ) throws {
        let radii = squaredRadii(neighbours)
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
