/// What a node becomes: code with fixed types that works on fixed memory.
package protocol Kernel: AnyObject {
    /// The implementation's name, as a profile shows it.
    var implementation: String { get }
    /// Memory that it needs only while it runs.
    var scratchBytes: Int { get }
    /// Says where its tensors lie. Called once before the first run.
    func bind(_ memory: KernelMemory) throws
    /// Runs. False when a weight that it wrote is not finite.
    func run() -> Bool
    /// Runs, and says how many seconds of that went into changing layouts before or after the work.
    func runTimingReorders(_ clock: () -> Double) -> Double
}

extension Kernel {
    package var scratchBytes: Int { 0 }
    package func runTimingReorders(_ clock: () -> Double) -> Double {
        _ = run()
        return 0
    }
}

/// What a kernel is made for.
package struct KernelTypes {
    package let inputs: [TensorType]
    package let outputs: [TensorType]
    /// Threads that share its work.
    package let threads: Int
    /// Whether the program is to run soon rather than often.
    package var startsSoon = false
}

/// Where a kernel's tensors lie.
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

/// An operation that this backend has a kernel for: each says so in an extension beside its kernel, and knows nothing of
/// it itself.
package protocol Lowered: Primitive {
    /// The fast kernel for these types.
    func makeKernel(_ types: KernelTypes) throws -> any Kernel
}

/// A product whose kernel can add a bias and apply a leaky ReLU before it stores its result.
package protocol LoweredProduct: Lowered, BiasableProduct {
    /// The kernel that adds the bias, which is the third input, and applies a leaky ReLU; a slope of 1 is none.
    func makeKernel(_ types: KernelTypes, slope: Double) throws -> any Kernel
}

extension Biased: Lowered where Product: LoweredProduct {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        try product.makeKernel(types, slope: slope)
    }
}
