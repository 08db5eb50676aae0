import CKernels
import Foundation

/// Measured peak arithmetic throughput of the engine's threads, in floating-point operations a second; 0 if the
/// processor does not support a format.
public struct Peak: Sendable {
    /// 32-bit floats.
    public let f32: Double
    /// Dot products of bfloat16 pairs.
    public let bf16: Double

    /// The best of several short runs of each; takes about 0.3 s.
    public static func measured() -> Peak {
        EngineThread.run {
            let runs = (0..<12).map { _ in Peak.now() }
            return Peak(f32: runs.map(\.f32).max() ?? 0, bf16: runs.map(\.bf16).max() ?? 0)
        }
    }

    /// Of one run of some milliseconds.
    static func now() -> Peak {
        func rate(_ isBFloat16: Bool) -> Double {
            let start = Machine.seconds()
            let operations = gk_peak(isBFloat16, 240)
            return operations / (Machine.seconds() - start)
        }
        return Peak(f32: rate(false), bf16: rate(true))
    }

    func rate(_ precision: StoragePrecision) -> Double { precision == .bf16 ? bf16 : f32 }

    /// One line of text.
    public var text: String {
        func gigas(_ rate: Double) -> String {
            rate > 0 ? "\(fixed(rate / 1e9, 0)) GFLOP/s" : "none"
        }
        return "peak of \(EngineThread.threads) threads: f32 \(gigas(f32)), bf16 \(gigas(bf16))"
    }
}

extension Peak {
    /// The median of several.
    init(medianOf runs: [Peak]) {
        func median(_ rates: [Double]) -> Double { quantile(0.5, ofAscending: rates.sorted()) ?? 0 }
        self.init(f32: median(runs.map(\.f32)), bf16: median(runs.map(\.bf16)))
    }
}

/// The time of a step by kernel.
public struct Profile: Sendable {
    /// A kernel.
    struct Row: Sendable {
        let node: String
        let implementation: String
        /// Time per step in total, and of it for reorders between memory layouts.
        let milliseconds, reorders: Double
        /// Floating-point operations of a matrix product or convolution; else 0.
        let operations: Double

        /// Time without reorders.
        var work: Double { milliseconds - reorders }
    }

    let options: RunOptions
    let precision: StoragePrecision
    let rows: [Row]
    /// Between the steps, so that the processor is as fast for both.
    let peak: Peak

    /// A summary, then a table of kernels, slowest first.
    public var text: String {
        let total = rows.map(\.milliseconds).reduce(0, +)
        let reorders = rows.map(\.reorders).reduce(0, +)
        let products = rows.filter { $0.operations > 0 }.map(\.work).reduce(0, +)
        let operations = rows.map(\.operations).reduce(0, +)
        func part(_ name: String, _ time: Double) -> String {
            "\(name) \(fixed(time, 2)) ms (\(fixed(time / total * 100, 1)) %)"
        }
        var text =
            "\(options.preset ?? "")  batch \(options.training.batch)  \(precision.rawValue)  "
        text += "\(options.training.threads) threads: kernels \(fixed(total, 3)) ms a step\n"
        text +=
            part("products and convolutions", products) + ", " + part("reorders", reorders) + ", "
        text += part("everything else", total - products - reorders) + "\n"
        text +=
            "\(fixed(operations / 1e9, 2)) GFLOP inside the images, \(rate(operations, total)) GFLOP/s"
        text +=
            share(operations, total).isEmpty ? "\n" : ": \(share(operations, total)) of the peak\n"
        text += peak.text + "\n\n"
        text += "      ms   share  GFLOP/s  of peak  implementation and node\n"
        for row in rows.sorted(by: { $0.milliseconds > $1.milliseconds }) {
            text += padded(fixed(row.milliseconds, 4), 8)
            text += padded(fixed(row.milliseconds / total * 100, 1) + "%", 8)
            text += padded(row.operations > 0 ? rate(row.operations, row.work) : "", 9)
            text += padded(share(row.operations, row.work), 9)
            text += "  \(row.implementation)"
            text += row.reorders > 0 ? " (\(fixed(row.reorders, 4)) ms)" : ""
            text += "  \(row.node.prefix(110))\n"
        }
        return text
    }

    private func rate(_ operations: Double, _ milliseconds: Double) -> String {
        fixed(operations / milliseconds / 1e6, 0)
    }

    private func share(_ operations: Double, _ milliseconds: Double) -> String {
        let peak = peak.rate(precision)
        guard operations > 0, peak > 0 else { return "" }
        return fixed(operations / milliseconds * 1e5 / peak, 0) + "%"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
}
