import CKernels
import Engine
import Synchronization
import TestSupport
import Testing

/// The number of threads that hold the team, and its maximum.
private let inside = Atomic<Int>(0)
private let most = Atomic<Int>(0)

/// The team of threads, of any size: also more threads than processors, and fewer than a program was compiled for.
@Suite(
    .serialized, .enabled(if: gk_thread_limit() >= 17, "OMP_THREAD_LIMIT allows no such teams"),
    .timeLimit(.minutes(20)))
struct TeamTests {
    /// How often each index was visited, and by parts that start and end where they may.
    private final class Visits {
        let counts: UnsafeMutablePointer<Int32>
        let count: Int

        init(_ count: Int) {
            self.count = count
            counts = .allocate(capacity: count)
            counts.initialize(repeating: 0, count: count)
        }

        deinit { counts.deallocate() }

        /// Runs a loop over all indices.
        func divide(granule: Int, work: Int = .max) {
            gk_divide(
                { context, begin, end in
                    guard let context else { return }
                    let counts = UnsafeMutablePointer<Int32>(
                        mutating: context.assumingMemoryBound(to: Int32.self))
                    // Parts do not overlap, so that no two threads add to one counter.
                    for index in begin..<end { counts[index] += 1 }
                }, counts, count, granule, work)
        }
    }

    private func withTeam<Result>(_ threads: Int32, _ body: () throws -> Result) rethrows -> Result
    {
        try EngineThread.run {
            let before = gk_threads()
            defer { gk_set_threads(before) }
            #expect(gk_set_threads(threads) == threads)
            gk_shuffle_claims(UInt32(threads))
            defer { gk_shuffle_claims(0) }
            return try body()
        }
    }

    @Test(arguments: [1, 2, 3, 5, 8, 17] as [Int32])
    func everyIndexIsVisitedOnce(threads: Int32) {
        withTeam(threads) {
            for (count, granule) in [(1, 1), (2, 1), (7, 3), (64, 64), (1000, 16), (4099, 1)] {
                let visits = Visits(count)
                for _ in 0..<200 { visits.divide(granule: granule) }
                #expect((0..<count).allSatisfy { visits.counts[$0] == 200 }, "\(count) \(granule)")
            }
        }
    }

    /// The size changes between loops, and no state of the previous loop is left.
    @Test func theSizeMayChange() {
        EngineThread.run {
            let before = gk_threads()
            defer { gk_set_threads(before) }
            let visits = Visits(999)
            gk_shuffle_claims(7)
            defer { gk_shuffle_claims(0) }
            for round in 0..<2000 {
                gk_set_threads(Int32(1 + round * 7 % 6))
                visits.divide(granule: 1 + round % 5)
            }
            #expect((0..<999).allSatisfy { visits.counts[$0] == 2000 })
        }
    }

    /// A thread that does not hold the team runs its loops alone, with correct results.
    @Test func otherThreadsRunAlone() {
        #expect(!gk_has_team())
        let visits = Visits(5000)
        visits.divide(granule: 1)
        #expect((0..<5000).allSatisfy { visits.counts[$0] == 1 })
    }

    /// One thread at a time holds the team, and denormals are flushed only while it does.
    @Test func theTeamIsGivenBack() async {
        let tiny = Float.leastNonzeroMagnitude
        func halved(_ value: Float) -> Float { value * Float(gk_threads() > 0 ? 1.5 : 0) }
        #expect(halved(tiny) != 0)
        EngineThread.run { #expect(halved(tiny) == 0) }
        #expect(halved(tiny) != 0 && !gk_has_team())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        EngineThread.run {
                            let now = inside.add(1, ordering: .sequentiallyConsistent).newValue
                            most.max(now, ordering: .sequentiallyConsistent)
                            Visits(3000).divide(granule: 1)
                            inside.subtract(1, ordering: .sequentiallyConsistent)
                        }
                    }
                }
            }
        }
        #expect(most.load(ordering: .sequentiallyConsistent) == 1)
    }

    /// Results are bitwise the same for any team as for the one that the program was compiled for, in any order of claims.
    @Test(arguments: OpTable.rows)
    func anyTeamRunsAProgram(row: OpRow) throws {
        let builder = GraphBuilder()
        for (index, output) in row.build(row.symbols(builder)).enumerated() {
            builder.result("out\(index)", output)
        }
        let graph = builder.graph
        let inputs = row.inputs()
        for compiled in [1, 3] as [Int32] {
            try withTeam(compiled) {
                let program = try Program(graph, store: StateStore())
                for (name, tensor) in inputs where program.hasFeed(name) {
                    program.setFeed(name, tensor.values.map(Float.init))
                }
                func results() -> [[UInt32]] {
                    program.run()
                    return graph.outputs.map { program.result($0.name).map(\.bitPattern) }
                }
                let expected = results()
                for threads in [1, 2, 3, 7] as [Int32] {
                    gk_set_threads(threads)
                    #expect(results() == expected, "\(row.name): \(compiled), \(threads)")
                }
            }
        }
    }
}
