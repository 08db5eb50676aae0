/// The compiled form of a node, for fixed types and fixed memory.
package protocol Kernel: AnyObject {
    /// The name of the implementation, for profiles.
    var implementation: String { get }
    /// Bytes of temporary memory that it needs while it runs.
    var scratchBytes: Int { get }
    /// Sets the memory of its tensors. Called once before the first run.
    func bind(_ memory: KernelMemory) throws
    /// Runs. Returns false if it updated a weight to NaN or infinity.
    func run() -> Bool
    /// Runs, and returns the seconds spent on reorders between memory layouts.
    func runTimingReorders(_ clock: () -> Double) -> Double
}

extension Kernel {
    package var scratchBytes: Int { 0 }
    package func runTimingReorders(_ clock: () -> Double) -> Double {
        _ = run()
        return 0
    }
}

/// The types and options that a kernel is compiled for.
package struct KernelTypes {
    package let inputs: [TensorType]
    package let outputs: [TensorType]
    /// Threads that run the kernel.
    package let threads: Int
    /// Whether a fast start matters more than fast runs.
    package var startsSoon = false
    /// The other ranks, if there are any.
    package var communicator: (any Communicator)?
}

/// The memory of a kernel's tensors.
package struct KernelMemory {
    package let inputs: [UnsafeMutableRawPointer]
    package let outputs: [UnsafeMutableRawPointer]
    package let scratch: UnsafeMutableRawPointer

    func floats(input index: Int) -> UnsafePointer<Float> {
        UnsafePointer(inputs[index].assumingMemoryBound(to: Float.self))
    }

    func floats(output index: Int) -> UnsafeMutablePointer<Float> {
        outputs[index].assumingMemoryBound(to: Float.self)
    }
}

/// A kernel that is one call of a C function.
final class CallKernel: Kernel {
    let implementation: String
    private let body: (KernelMemory) -> Bool
    private var memory: KernelMemory?

    init(_ implementation: String, _ body: @escaping (KernelMemory) -> Bool) {
        self.implementation = implementation
        self.body = body
    }

    func bind(_ memory: KernelMemory) { self.memory = memory }

    func run() -> Bool { memory.map(body) ?? true }
}

/// An operation with a kernel in this backend. The conformance is declared beside the kernel, so that operations do not
/// depend on backends.
package protocol Lowered: Primitive {
    /// The kernel for these types.
    func makeKernel(_ types: KernelTypes) throws -> any Kernel
}

/// A matrix product or convolution whose kernel can add a bias and apply a leaky ReLU before it stores its result.
package protocol LoweredProduct: Lowered, BiasableProduct {
    /// The kernel that adds the bias, the third input, and applies a leaky ReLU. A slope of 1 means no activation.
    func makeKernel(_ types: KernelTypes, slope: Double) throws -> any Kernel
}

extension Biased: Lowered where Product: LoweredProduct {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        try product.makeKernel(types, slope: slope)
    }
}
