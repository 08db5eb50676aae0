import Engine
import Ganymede
import TestSupport
import Testing

/// Nearest neighbours against all distances in doubles, and what is made of them.
struct MetricNeighbourTests {
    private func distance(_ a: Matrix, _ i: Int, _ b: Matrix, _ j: Int) -> Double {
        zip(a.row(i), b.row(j)).reduce(0.0) {
            $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
        }
    }

    /// The k nearest by sorting all.
    private func nearest(_ queries: Matrix, _ points: Matrix, _ k: Int, exceptSelf: Bool) -> [Int] {
        (0..<queries.rows).flatMap { query in
            (0..<points.rows).filter { !exceptSelf || $0 != query }
                .map { (distance(queries, query, points, $0), $0) }
                .sorted { $0 < $1 }.prefix(k).map(\.1)
        }
    }

    /// Ordinary numbers; some far away; tiny and huge ones; and many equal points.
    @Test(arguments: [
        (1.0, 0.0, 3), (1, 10_000, 3), (1e-18, 0, 2), (1e17, 1e18, 2), (1, 0, 1),
    ])
    func neighboursAreExact(scale: Double, offset: Double, columns: Int) throws {
        // More rows than one block of either, and not a multiple.
        func points(_ rows: Int, _ seed: UInt64) -> Matrix {
            Matrix.normal(rows, columns, seed: seed).map { row, _, value in
                // Of one column, only a few different values: many ties.
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

    /// Copies are at distance 0, whatever the other numbers are.
    @Test func copiesAreAtZero() throws {
        let points = Matrix.normal(500, 37, seed: 1).map { 1e3 + $2 }
        let copies = points.picking((0..<500).reversed())
        let found = try NearestNeighbours(of: copies, among: points, count: 2)
        #expect((0..<500).allSatisfy { found.distance($0) == 0 && found.distance($0, rank: 1) > 0 })
        #expect((0..<500).allSatisfy { found.indices[2 * $0] == 499 - $0 })
    }

    /// On a line: radii to the third nearest neighbour of 0, 1, 2, 3, 10 are 3, 2, 2, 3, 9, and surfaces are outside.
    @Test func precisionOnALine() throws {
        func line(_ values: [Float]) -> Matrix {
            Matrix(rows: values.count, columns: 1, values: values)
        }
        let real = line([0, 1, 2, 3, 10])
        #expect(try PrecisionRecall.share(of: line([-2.5, -3, 1, 18.9, 19]), within: real) == 0.6)
        // With k = 2: radii 2, 1, 1, 2, 8. 2.5 lies in the balls of 2, 3 and 10; -1.5 in that of 0; 30 in none.
        let figures = try DensityCoverage.figures(
            real: real, generated: line([2.5, -1.5, 30]), neighbours: 2)
        #expect(figures[0] == 4 / 6.0)
        // The nearest generated images of 0 to 10 are 1.5, 1.5, 0.5, 0.5 and 7.5 away.
        #expect(figures[1] == 4 / 5.0)
    }

    @Test(arguments: 1...3)
    func precisionAndRecallAreTwins(seed: UInt64) throws {
        var input = MetricInput.normal(300, features: 4, seed: seed)
        input.generated = Observation(input.generated.features.map { 1.3 * $2 })
        let forward = try PrecisionRecall.figures(input)
        swap(&input.generated, &input.training)
        #expect(try PrecisionRecall.figures(input) == forward.reversed())
        #expect(forward[0] < forward[1])
        #expect(
            try PrecisionRecall.share(of: input.held.features, within: input.held.features) == 1)
    }

    /// Samples of one distribution: density 1, and coverage 1 - (N - 1) ... (N - k) / ((2 N - 1) ... (2 N - k)).
    @Test func densityAndCoverageOfOneDistribution() throws {
        let n = 2000.0
        let figures = try DensityCoverage.figures(.normal(2000, features: 16))
        let missed = (1...5).reduce(1.0) { $0 * (n - Double($1)) / (2 * n - Double($1)) }
        #expect(abs(1 - missed - 0.969) < 0.001)
        #expect(abs(figures[0] - 1) < 0.05, "\(figures)")
        #expect(abs(figures[1] - (1 - missed)) < 0.01, "\(figures)")
    }

    @Test func memorisationOfCopies() throws {
        var input = MetricInput.normal(400)
        let none = try Memorisation.figures(input)
        #expect(abs(none[0] - 0.5) < 0.05)
        #expect(abs(none[1] - 1) < 0.05)
        let half = (0..<400).map {
            $0 < 200 ? input.training.features.row($0) : input.generated.features.row($0)
        }
        input.generated = Observation(Matrix(rows: 400, columns: 8, values: half.flatMap { $0 }))
        let some = try Memorisation.figures(input)
        #expect(abs(some[0] - 0.75) < 0.05)
        #expect(abs(some[1] - 0.5) < 0.05)
        input.generated = input.training
        #expect(try Memorisation.figures(input) == [1, 0])
        input.held = input.training
        #expect(throws: GanymedeError.self) { try Memorisation.figures(input) }
        input.generated = Observation(.normal(400, 8, seed: 9))
        #expect(try Memorisation.figures(input) == [0.5, 1])
    }
}
