/// The order in which nodes run, and the values that are stored in the memory of a named state.
package struct Schedule: Sendable {
    /// Nodes in execution order, without inputs, constants and reshapes.
    package var order: [Int] = []
    /// Values that are written directly into the memory of a state or of its bf16 copy.
    package var placedInState: [Value: StatePlace] = [:]
    /// Outputs that are copied into their state after all nodes have run.
    package var copied: [Output] = []
}

/// The memory of a state, or of its bf16 copy.
package struct StatePlace: Hashable, Sendable {
    package let name: String
    package let isRounded: Bool
}

extension Input {
    /// Nil for a feed.
    var place: StatePlace? {
        role == .feed ? nil : StatePlace(name: label, isRounded: role == .rounded)
    }
}

extension Output {
    /// Nil for a result.
    var place: StatePlace? {
        role == .result ? nil : StatePlace(name: name, isRounded: role == .rounded)
    }
}

extension Passes {
    /// Orders the nodes, and lets an update overwrite its state if every reader of the old value can run
    /// before it.
    package static func schedule(_ graph: Graph) throws -> Schedule {
        var scheduler = Scheduler(graph)
        for output in graph.outputs {
            if let place = output.place, !scheduler.place(output.value, in: place) {
                scheduler.schedule.copied.append(output)
            }
        }
        scheduler.order()
        try graph.verify(scheduler.schedule)
        return scheduler.schedule
    }
}

extension Graph {
    /// The value whose memory `value` shares: a reshape shares its input's.
    package func storage(of value: Value) -> Value {
        var value = value
        while nodes[value.node].operation is Reshape { value = nodes[value.node].inputs[0] }
        return value
    }

    /// Whether a node runs a kernel. Inputs, constants and reshapes only name memory.
    package func runs(_ node: Int) -> Bool {
        let operation = nodes[node].operation
        return !(operation is Input || operation is Constant || operation is Reshape)
    }

    /// For each value with memory of its own, the nodes with kernels that read it.
    package func readersOfStorage() -> [Value: [Int]] {
        var readers: [Value: [Int]] = [:]
        for (index, node) in nodes.enumerated() where runs(index) {
            for value in Set(node.inputs.map(storage(of:))) {
                readers[value, default: []].append(index)
            }
        }
        return readers
    }

    /// Checks that every node that must run does so once and after what it reads, and that nothing reads a state's old
    /// value after it has been overwritten.
    package func verify(_ schedule: Schedule) throws(GraphFault) {
        var position: [Int: Int] = [:]
        for (index, node) in schedule.order.enumerated() {
            if position.updateValue(index, forKey: node) != nil {
                throw GraphFault("\(line(node)) runs twice")
            }
        }
        // From the outputs back: an order with a hole would leave what a reader finds in memory to chance.
        var needed = outputs.map { storage(of: $0.value).node }.filter(runs)
        var seen = Set(needed)
        while let node = needed.popLast() {
            if position[node] == nil { throw GraphFault("\(line(node)) is needed and never runs") }
            for input in nodes[node].inputs.map({ storage(of: $0).node })
            where runs(input) && seen.insert(input).inserted {
                needed.append(input)
            }
        }
        for node in schedule.order {
            for input in nodes[node].inputs.map(storage(of:)) where runs(input.node) {
                guard let before = position[input.node], let now = position[node], before < now
                else {
                    throw GraphFault("\(line(node)) runs before %\(input.node), which it reads")
                }
            }
        }
        let readers = readersOfStorage()
        var occupants: [StatePlace: [Value]] = [:]
        for (value, state) in schedule.placedInState { occupants[state, default: []].append(value) }
        for (index, input) in inputs {
            if let place = input.place { occupants[place]?.append(Value(node: index)) }
        }
        for (state, values) in occupants {
            let ordered = values.sorted {
                (position[$0.node] ?? -1) < (position[$1.node] ?? -1)
            }
            for (old, new) in zip(ordered, ordered.dropFirst()) {
                let written = position[new.node] ?? -1
                for reader in readers[old] ?? [] where (position[reader] ?? -1) > written {
                    throw GraphFault("\(line(reader)) reads \(state.name) after it was overwritten")
                }
            }
        }
    }
}

private struct Scheduler {
    let graph: Graph
    let readers: [Value: [Int]]
    var schedule = Schedule()
    /// For each node, the nodes that must run before it: those it reads, and readers of the values it overwrites.
    private var before: [Set<Int>]

    init(_ graph: Graph) {
        self.graph = graph
        readers = graph.readersOfStorage()
        before = graph.nodes.map { node in Set(node.inputs.map { graph.storage(of: $0).node }) }
    }

    /// Places a chain of updates of a state in its memory: from the last value back, each overwrites the one before.
    /// False if that is impossible.
    mutating func place(_ output: Value, in place: StatePlace) -> Bool {
        let saved = (before, schedule)
        var value = graph.storage(of: output)
        guard graph.runs(value.node), schedule.placedInState[value] == nil else { return false }
        while graph.runs(value.node) {
            schedule.placedInState[value] = place
            guard let previous = overwritten(by: value, of: place) else { break }
            value = previous
        }
        if let old = state(place), old != value,
            !clear(old, before: value.node, mayRead: false)
        {
            (before, schedule) = saved
            return false
        }
        return true
    }

    /// An input of `value`'s node whose memory `value` can overwrite.
    private mutating func overwritten(by value: Value, of place: StatePlace) -> Value? {
        let node = graph.nodes[value.node]
        for index in node.operation.inPlaceInputs(forOutput: value.index) {
            let input = node.inputs[index]
            let isState = input == state(place)
            guard graph.type(of: input).byteCount == graph.type(of: value).byteCount,
                isState || (graph.runs(input.node) && schedule.placedInState[input] == nil),
                // An intermediate value helps only if it leads back to the state itself.
                isState || descends(input, from: place),
                node.inputs.filter({ graph.storage(of: $0) == input }).count == 1,
                clear(input, before: value.node, mayRead: true)
            else { continue }
            return input
        }
        return nil
    }

    /// Whether a chain of values, each overwriting the one before, leads from the state to `value`.
    private func descends(_ value: Value, from place: StatePlace) -> Bool {
        var seen: Set<Value> = []
        var stack = [value]
        while let next = stack.popLast() {
            if next == state(place) { return true }
            guard graph.runs(next.node), seen.insert(next).inserted else { continue }
            let node = graph.nodes[next.node]
            let overwritten = node.operation.inPlaceInputs(forOutput: next.index)
            stack += overwritten.map { node.inputs[$0] }
        }
        return false
    }

    /// The input node that holds the state's old value.
    private func state(_ place: StatePlace) -> Value? {
        graph.inputs.first { $0.input.place == place }.map { Value(node: $0.node) }
    }

    /// Makes every reader of `value` run before `writer`. False if that is impossible, such as for a cycle.
    private mutating func clear(_ value: Value, before writer: Int, mayRead: Bool) -> Bool {
        if graph.outputs.contains(where: {
            graph.storage(of: $0.value) == value && schedule.placedInState[value] == nil
        }) {
            return false
        }
        let others = (readers[value] ?? []).filter { $0 != writer }
        if !mayRead, readers[value]?.contains(writer) == true { return false }
        for reader in others where depends(reader, on: writer) { return false }
        before[writer].formUnion(others)
        return true
    }

    private func depends(_ node: Int, on other: Int) -> Bool {
        var seen: Set<Int> = []
        var stack = [node]
        while let next = stack.popLast() {
            if next == other { return true }
            for earlier in before[next] where seen.insert(earlier).inserted {
                stack.append(earlier)
            }
        }
        return false
    }

    /// Topological order. Updates of states run as soon as they can, while their gradient is still in
    /// the cache; all other nodes run in the order of the graph.
    mutating func order() {
        let nodes = graph.nodes.indices.filter(graph.runs)
        let updates = Set(schedule.placedInState.keys.map(\.node))
        var waiting = [Int](repeating: 0, count: graph.nodes.count)
        var after = [[Int]](repeating: [], count: graph.nodes.count)
        for node in nodes {
            for earlier in before[node] where graph.runs(earlier) {
                waiting[node] += 1
                after[earlier].append(node)
            }
        }
        var ready = Set(nodes.filter { waiting[$0] == 0 })
        func rank(_ node: Int) -> (Int, Int) { (updates.contains(node) ? 0 : 1, node) }
        while let next = ready.min(by: { rank($0) < rank($1) }) {
            ready.remove(next)
            schedule.order.append(next)
            for node in after[next] {
                waiting[node] -= 1
                if waiting[node] == 0 { ready.insert(node) }
            }
        }
    }
}
