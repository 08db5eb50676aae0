/// Compiles and runs graphs. A backend owns its passes, kernels, buffers and threads; operations do not depend on
/// backends.
///
/// To add one, write a folder like `Reference/` and a case of ``BackendKind``.
package protocol Backend: Sendable {
    /// Why this machine does not support this precision; nil if it does.
    func fault(_ precision: StoragePrecision) -> String?

    /// Compiles `graph`. Its named states are in `store`; missing ones are created as zeros.
    func compile(_ graph: Graph, store: StateStore, _ context: CompileContext) throws
        -> any Executable
}

/// Options of compilation.
package struct CompileContext: Sendable {
    /// The element type of tensors in memory between kernels.
    package var precision = StoragePrecision.f32
    /// Whether a fast start matters more than fast runs.
    package var startsSoon = false
    /// Threads per kernel. The exact bits of results depend on it.
    package var threads: Int
    /// The other ranks, for programs that sum over them.
    package var communicator: (any Communicator)?
}

/// A compiled graph on fixed memory.
package protocol Executable: AnyObject {
    /// The graph that is run, after all passes.
    var graph: Graph { get }
    /// The memory of each feed by name, filled by the caller before a run.
    var feeds: [String: ProgramMemory] { get }
    /// The memory of each result, in the order of the graph's results.
    var results: [ProgramMemory] { get }
    /// The nodes that run, in order, with the names of their kernels.
    var kernels: [(node: Int, implementation: String)] { get }

    /// Runs once; fast backends do not allocate. Returns false if a written state holds NaN or infinity.
    func run() -> Bool
    /// Runs once and checks every tensor. Returns the first node with NaN or infinity, as text; nil if there is none.
    func runToFirstNonFinite() -> String?
    /// Runs once. Returns the seconds of each of ``kernels``, in total and for reorders between memory layouts.
    func runTimed(_ clock: () -> Double) -> [(whole: Double, reorders: Double)]
}

/// The memory of a feed or a result.
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
    /// Activations, their gradients and the operands of matrix products in bf16. Weights, optimizer slots, statistics,
    /// weight gradients, losses, and tensors with at most four columns (logits, images) stay in f32. All arithmetic is
    /// in f32.
    case bf16
}
