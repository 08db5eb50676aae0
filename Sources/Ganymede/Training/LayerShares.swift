extension Benchmark {
    /// The share of a step's time that each layer takes, its gradients and updates included, by its path such as
    /// `generator.dense1`. What belongs to no layer, such as losses and noise, is left out.
    package func layerShares() -> [String: Double] {
        let rows = profileRows(steps: 5)
        let total = rows.map(\.milliseconds).reduce(0, +)
        var shares: [String: Double] = [:]
        for row in rows {
            guard let layer = Benchmark.layer(of: row.node) else { continue }
            shares[layer, default: 0] += row.milliseconds / max(total, .leastNormalMagnitude)
        }
        return shares
    }

    /// The layer that a node's line names last: `generator/dense1`, `gradient(generator/dense1)`,
    /// `update(generator.dense1.weight)`.
    private static func layer(of line: String) -> String? {
        guard let mark = line.firstRange(of: "  // ") else { return nil }
        var scope = line[mark.upperBound...]
        if let open = scope.firstIndex(of: "(") {
            scope = scope[scope.index(after: open)...].prefix { $0 != ")" }
        }
        let parts = scope.split { $0 == "/" || $0 == "." }
        return parts.count >= 2 ? "\(parts[0]).\(parts[1])" : nil
    }
}
