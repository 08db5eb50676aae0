import Engine
import Ganymede
import TestSupport
import Testing

/// Nearest neighbours against a brute-force search in double precision, and the metrics that use them.
@Suite(.timeLimit(.minutes(20)))
struct MetricNeighbourTests {
    private func distance(_ a: Matrix, _ i: Int, _ b: Matrix, _ j: Int) -> Double {
        zip(a.row(i), b.row(j)).reduce(0.0) {
            $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
        }
    }

    /// The k nearest points by sorting all distances.
    private func nearest(_ queries: Matrix, _ points: Matrix, _ k: Int, exceptSelf: Bool) -> [Int] {
        (0..<queries.rows).flatMap { query in
            (0..<points.rows).filter { !exceptSelf || $0 != query }
                .map { (distance(queries, query, points, $0), $0) }
                .sorted { $0 < $1 }.prefix(k).map(\.1)
        }
    }

    /// Ordinary values, a large offset, tiny and huge values, and many equal points.
    @Test(arguments: [
        (1.0, 0.0, 3), (1, 10_000, 3), (1e-18, 0, 2), (1e17, 1e18, 2), (1, 0, 1),
    ])
    func neighboursAreExact(scale: Double, offset: Double, columns: Int) throws {
        // More rows than one block of either, and not a multiple.
        func points(_ rows: Int, _ seed: UInt64) -> Matrix {
            Matrix.normal(rows, columns, seed: seed).map { row, _, value in
                // With one column, only a few different values, which give many ties.
                Float(scale * Double(columns == 1 ? (value * 8).rounded() : value) + offset)
            }
        }
        let (queries, candidates) = (points(300, 1), points(2100, 2))
        let found = try NearestNeighbours(of: queries, among: candidates, count: 4)
        #expect(found.indices == nearest(queries, candidates, 4, exceptSelf: false))
        let within = try NearestNeighbours(of: queries, among: queries, count: 3, exceptSelf: true)
        #expect(within.indices == nearest(queries, queries, 3, exceptSelf: true))
        for query in 0..<queries.rows {
            let expected = distance(queries, query, queries, within.indices[3 * query + 2])
            #expect(abs(within.squaredDistances[3 * query + 2] - expected) <= 1e-12 * expected)
            #expect(
                within.distance(query, rank: 2)
                    == within.squaredDistances[3 * query + 2].squareRoot())
        }
    }

    /// Copies are at distance 0, even at a large offset.
    @Test func copiesAreAtZero() throws {
        let points = Matrix.normal(500, 37, seed: 1).map { 1e3 + $2 }
        let copies = points.picking((0..<500).reversed())
        let found = try NearestNeighbours(of: copies, among: points, count: 2)
        #expect((0..<500).allSatisfy { found.distance($0) == 0 && found.distance($0, rank: 1) > 0 })
        #expect((0..<500).allSatisfy { found.indices[2 * $0] == 499 - $0 })
    }

    @Test func neighboursOfNumbersThatAreNot() throws {
        let good = Matrix.normal(20, 3, seed: 1)
        let bad = good.map { row, column, value in row == 7 && column == 2 ? .nan : value }
        for (queries, points) in [(good, bad), (bad, good)] {
            let error = #expect(throws: GanymedeError.self) {
                try NearestNeighbours(of: queries, among: points, count: 1)
            }
            #expect(error?.description.contains("7") == true)
        }
        #expect(try NearestNeighbours(of: good.picking([]), among: good, count: 1).indices == [])
    }

    /// On a line, with distances that are easily checked by hand.
    @Test func precisionOnALine() throws {
        func line(_ values: [Float]) -> Matrix {
            Matrix(rows: values.count, columns: 1, values: values)
        }
        let figures = try PrecisionRecall.figures(
            real: line([0, 1, 2, 3, 20, 30]), generated: line([45, 58, 60, 70, 71, 72]))
        // The real balls with k = 3 reach up to 58, which is on the surface of the outermost one: only 45 is inside.
        #expect(figures[0] == 1 / 6.0)
        // The ball of 45 reaches down to 20, which is on its surface; 30 is inside.
        #expect(figures[1] == 1 / 6.0)
        // The balls with k = 5 reach up to 30, except that of 30, which reaches up to 60 and holds 45 and 58.
        #expect(figures[2] == 2 / 30.0)
        #expect(figures[3] == 1 / 6.0)
    }

    @Test(arguments: 1...3)
    func precisionAndRecallAreTwins(seed: UInt64) throws {
        let real = Matrix.normal(300, 4, seed: seed)
        let generated = Matrix.normal(300, 4, seed: seed + 1).map { 1.3 * $2 }
        let forward = try PrecisionRecall.figures(real: real, generated: generated)
        let backward = try PrecisionRecall.figures(real: generated, generated: real)
        #expect(forward[0] == backward[1] && forward[1] == backward[0])
        #expect(forward[0] < forward[1])
        #expect(try PrecisionRecall.figures(real: real, generated: real).prefix(2) == [1, 1])
    }

    /// Samples of one distribution: density 1, and coverage 1 - (N - 1) ... (N - k) / ((2 N - 1) ... (2 N - k)).
    @Test func densityAndCoverageOfOneDistribution() throws {
        let n = 2000.0
        let figures = try PrecisionRecall.figures(.normal(2000, features: 16))
        let missed = (1...5).reduce(1.0) { $0 * (n - Double($1)) / (2 * n - Double($1)) }
        #expect(abs(1 - missed - 0.969) < 0.001)
        #expect(abs(figures[2] - 1) < 0.05, "\(figures)")
        #expect(abs(figures[3] - (1 - missed)) < 0.01, "\(figures)")
    }

    @Test func memorisationOfCopies() throws {
        let none = try (0..<10).map { try Memorisation.figures(.normal(400, seed: 3 * $0)) }
        let means = (0..<2).map { figure in none.reduce(0) { $0 + $1[figure] / 10 } }
        #expect(abs(means[0] - 0.5) < 0.03, "\(none)")
        #expect(abs(means[1] - 1) < 0.02, "\(none)")
        // The error estimate matches the standard deviation over independent draws.
        let variance = none.reduce(0) { $0 + ($1[0] - means[0]) * ($1[0] - means[0]) / 9 }
        let ratio = variance.squareRoot() / (none.reduce(0) { $0 + $1[2] / 10 })
        #expect(ratio > 0.5 && ratio < 2, "\(none)")
        var input = MetricInput.normal(400)
        let half = (0..<400).map {
            $0 < 200 ? input.training.features.row($0) : input.generated.features.row($0)
        }
        input.generated = Features(Matrix(rows: 400, columns: 8, values: half.flatMap { $0 }))
        let some = try Memorisation.figures(input)
        #expect(abs(some[0] - 0.75) < 0.05)
        #expect(abs(some[1] - 0.5) < 0.05)
        input.generated = input.training
        #expect(try Array(Memorisation.figures(input).prefix(2)) == [1, 0])
        // Each sample has a different nearest neighbour.
        let error = try Memorisation.figures(input)[2]
        #expect(abs(error - 0.5 / Double(input.generated.count).squareRoot()) < 1e-12)
        input.test = input.training
        #expect(throws: GanymedeError.self) { try Memorisation.figures(input) }
        input.generated = Features(.normal(400, 8, seed: 9))
        #expect(try Array(Memorisation.figures(input).prefix(2)) == [0.5, 1])
    }
}
