import Engine
import Foundation
import Testing

/// A container's limit of processor time, in both versions of Linux's control groups.
@Suite(.timeLimit(.minutes(20)))
struct ProcessorQuotaTests {
    /// Files of control groups, and the process's membership.
    private func processors(_ membership: String, _ files: [String: String]) throws -> Int? {
        let root = URL.temporaryDirectory.appending(path: "quota-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, text) in files {
            let file = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return ProcessorQuota.processors(root: root.path, membership: membership)
    }

    @Test func versionTwo() throws {
        #expect(try processors("0::/\n", ["cpu.max": "max 100000\n"]) == nil)
        #expect(try processors("0::/\n", ["cpu.max": "50000 100000\n"]) == 1)
        #expect(try processors("0::/\n", ["cpu.max": "150000 100000\n"]) == 2)
        // The limit of a group above, and the smaller of two.
        let nested = ["a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"]
        #expect(try processors("0::/a/b\n", nested) == 3)
        #expect(
            try processors("0::/a/b\n", nested.merging(["cpu.max": "200000 100000"]) { $1 }) == 2)
    }

    @Test func versionOne() throws {
        let line = "4:memory:/x\n3:cpu,cpuacct:/x\n"
        func files(_ quota: String) -> [String: String] {
            [
                "cpu,cpuacct/x/cpu.cfs_quota_us": quota,
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            ]
        }
        #expect(try processors(line, files("-1\n")) == nil)
        #expect(try processors(line, files("250000\n")) == 3)
        #expect(try processors(line, [:]) == nil)
    }

    @Test func nonsense() throws {
        for text in ["", "max", "-5 100000", "1 0", "nan nan", "99999999999999999999 1", "\0\0"] {
            let found = try processors("0::/\n", ["cpu.max": text])
            #expect(found == nil || found == 1_000_000, "\(text)")
        }
        #expect(ProcessorQuota.processors(membership: nil) == nil)
        #expect(try processors("nonsense\n\n:::\n", [:]) == nil)
    }
}
