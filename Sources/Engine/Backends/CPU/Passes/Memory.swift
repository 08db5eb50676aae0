/// Offsets of values that only live during a run, in the program's one block of memory.
package struct ArenaLayout: Sendable {
    /// Offset of each value in bytes.
    package var offsets: [Value: Int] = [:]
    /// Offset of each node's scratch memory in bytes.
    package var scratch: [Int: Int] = [:]
    /// Size of the block in bytes.
    package var byteCount = 0
}

extension Passes {
    /// Lays out the block by liveness: values whose lifetimes do not overlap share memory. Larger values
    /// are placed first, each at the lowest offset that is free during its lifetime.
    ///
    /// - Parameters:
    ///   - placed: values that have memory elsewhere.
    ///   - kept: values that stay readable after the run.
    ///   - scratchBytes: for each node, the bytes that it needs only while it runs.
    package static func layOutMemory(
        _ graph: Graph, _ schedule: Schedule, placed: Set<Value>, kept: Set<Value>,
        scratchBytes: (Int) -> Int
    ) -> ArenaLayout {
        struct Block {
            let value: Value?
            let node: Int
            let byteCount: Int
            let first: Int
            var last: Int
        }
        let end = schedule.order.count
        var lastRead: [Value: Int] = [:]
        for (time, index) in schedule.order.enumerated() {
            for input in graph.nodes[index].inputs { lastRead[graph.storage(of: input)] = time }
        }
        var blocks: [Block] = []
        for (time, index) in schedule.order.enumerated() {
            for output in graph.nodes[index].types.indices {
                let value = Value(node: index, index: output)
                guard !placed.contains(value) else { continue }
                let last = kept.contains(value) ? end : lastRead[value] ?? time
                blocks.append(
                    Block(
                        value: value, node: index, byteCount: graph.type(of: value).byteCount,
                        first: time, last: last))
            }
            let scratch = scratchBytes(index)
            if scratch > 0 {
                blocks.append(
                    Block(value: nil, node: index, byteCount: scratch, first: time, last: time))
            }
        }
        var plan = ArenaLayout()
        var taken: [(block: Block, offset: Int)] = []
        blocks.sort { ($0.byteCount, $1.node) > ($1.byteCount, $0.node) }
        for block in blocks {
            let size = aligned(block.byteCount)
            let neighbours =
                taken
                .filter { $0.block.first <= block.last && block.first <= $0.block.last }
                .sorted { $0.offset < $1.offset }
            var offset = 0
            for other in neighbours {
                if offset + size <= other.offset { break }
                offset = max(offset, other.offset + aligned(other.block.byteCount))
            }
            taken.append((block, offset))
            if let value = block.value {
                plan.offsets[value] = offset
            } else {
                plan.scratch[block.node] = offset
            }
            plan.byteCount = max(plan.byteCount, offset + size)
        }
        return plan
    }
}
