import Foundation
import Ganymede
import TestSupport
import Testing

/// Features of real images are computed once, and a file that is damaged or gone changes no figure.
@Suite(.timeLimit(.minutes(20)))
struct FeatureCacheTests {
    private let folder: TemporaryFolder
    private let evaluator: Evaluator

    init() throws {
        folder = try TemporaryFolder()
        evaluator = try #require(try Evaluator.shipped(for: "mnist"))
    }

    private func files() throws -> [String] {
        try Files.list("\(folder.path)/cache").map { "\(folder.path)/cache/\($0)" }
    }

    /// Whether the values were computed, and not read.
    private func isComputed(_ images: [UInt8], channel: Int? = nil) throws -> Bool {
        var runs = 0
        let made = (
            features: Matrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6]),
            logits: Matrix(rows: 2, columns: 1, values: [7, 8])
        )
        let found = FeatureCache("\(folder.path)/cache").values(
            of: images, evaluator.image, channel: channel, by: evaluator
        ) {
            runs += 1
            return made
        }
        #expect(found == made)
        return runs == 1
    }

    @Test func imagesAreSeenOnce() throws {
        let (a, b) = ([UInt8](repeating: 1, count: 1568), [UInt8](repeating: 2, count: 1568))
        #expect(try isComputed(a))
        #expect(try !isComputed(a))
        #expect(try isComputed(b))
        #expect(try isComputed(a, channel: 0))
        #expect(try files().count == 3)
        #expect(try !isComputed(a))
        for file in try files() {
            let modes = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
            #expect(modes as? Int == 0o600)
        }
    }

    @Test func damageIsNoticed() throws {
        let images = [UInt8](repeating: 1, count: 1568)
        _ = try isComputed(images)
        let file = try #require(try files().first)
        let whole = try Data(contentsOf: URL(filePath: file))
        for change in [
            { $0[$0.count - 3] ^= 1 }, { $0[20] ^= 1 }, { $0.removeLast() }, { $0 = Data() },
        ] as [(inout Data) -> Void] {
            var damaged = whole
            change(&damaged)
            try damaged.write(to: URL(filePath: file))
            #expect(try isComputed(images))
            #expect(try Data(contentsOf: URL(filePath: file)) == whole)
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try isComputed(images))
    }

    @Test func theOldestAreRemoved() throws {
        for number in 0..<FeatureCache.limit + 3 {
            #expect(try isComputed([UInt8](repeating: UInt8(number), count: 1568)))
        }
        #expect(try files().count == FeatureCache.limit)
    }

    /// What metrics compute from real samples is computed once, also by a later process with the same data.
    @Test func realFiguresAreComputedOnce() throws {
        let cache = FeatureCache("\(folder.path)/cache")
        func isComputed(_ origin: [String], isSaved: Bool = true) -> Bool {
            var runs = 0
            let figures = cache.figures(of: origin)
            for _ in 0..<2 {
                let found = figures.values("kid", isSaved: isSaved) {
                    runs += 1
                    return [0.1, -.pi, 1e-300]
                }
                #expect(found == [0.1, -.pi, 1e-300])
            }
            #expect(runs < 2)
            return runs == 1
        }
        #expect(isComputed(["a"]) && !isComputed(["a"]))
        #expect(isComputed(["b"]) && isComputed(["a", "b"]))
        #expect(isComputed(["c"], isSaved: false) && isComputed(["c"], isSaved: false))
        try FileManager.default.removeItem(atPath: "\(folder.path)/cache")
        #expect(isComputed(["a"]))
        let file = try #require(try files().first)
        var damaged = try Data(contentsOf: URL(filePath: file))
        let whole = damaged
        let digit = try #require(damaged.lastIndex(of: UInt8(ascii: "1")))
        damaged[digit] = UInt8(ascii: "2")
        for bytes in [damaged, whole.dropLast(), Data("\n".utf8), Data()] {
            try bytes.write(to: URL(filePath: file))
            #expect(isComputed(["a"]))
            #expect(try Data(contentsOf: URL(filePath: file)) == whole)
        }
    }

    /// A folder that cannot be made is no error.
    @Test func noFolder() throws {
        try folder.write("cache", Data())
        let images = [UInt8](repeating: 1, count: 1568)
        #expect(try isComputed(images))
        #expect(try isComputed(images))
    }
}
