/// A way to run graphs. It owns its passes, kernels, buffers and threads; an operation knows no backend.
///
/// To add one, write a folder like `Reference/` and a case of ``BackendKind``.
package protocol Backend: Sendable {
    /// Why it cannot store tensors in this precision on this machine; or nil.
    func fault(_ precision: StoragePrecision) -> String?

    /// Compiles `graph`. Its named states live in `store`: missing ones are made, as zeros.
    func compile(_ graph: Graph, store: StateStore, _ context: CompileContext) throws
        -> any Executable
}

/// What a graph is compiled for, besides the machine.
package struct CompileContext: Sendable {
    /// How tensors lie in memory between kernels.
    package var precision = StoragePrecision.f32
    /// Whether the program is to run soon rather than often.
    package var startsSoon = false
    /// Threads that share the work of a kernel. The bits of a result depend on them.
    package var threads: Int
}

/// A compiled graph on fixed memory.
package protocol Executable: AnyObject {
    /// The graph as it is run, after all passes.
    var graph: Graph { get }
    /// The memory of each feed by name, filled by the caller before a run.
    var feeds: [String: ProgramMemory] { get }
    /// The memory of each result, in the order of the graph's results.
    var results: [ProgramMemory] { get }
    /// The nodes that run, in order, each with the name of what computes it.
    var kernels: [(node: Int, implementation: String)] { get }

    /// Runs once, without allocating if the backend is a fast one. False when a state that it wrote is not finite.
    func run() -> Bool
    /// Runs once and looks at every tensor as it is made. The first node, as text, that makes NaN or infinity; nil if
    /// none does.
    func runToFirstNonFinite() -> String?
    /// Runs once. The seconds that each of ``kernels`` took, and how many of them for changing layouts.
    func runTimed(_ clock: () -> Double) -> [(whole: Double, reorders: Double)]
}

/// Where a feed or a result lies.
package struct ProgramMemory {
    package let type: TensorType
    package let base: UnsafeMutableRawPointer

    package var floats: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: base.assumingMemoryBound(to: Float.self), count: type.shape.count)
    }
}

/// Element type of tensors in memory between kernels.
public enum StoragePrecision: String, Codable, Sendable, CaseIterable {
    /// float32 throughout.
    case f32
    /// Activations, their gradients and the operands of products in bf16. Weights, optimizer slots, statistics, weight
    /// gradients, losses, and tensors with at most four columns (logits, images) stay in f32. All arithmetic is in f32.
    case bf16
}
