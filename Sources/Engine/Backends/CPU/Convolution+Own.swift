import CKernels

/// A convolution or its input gradient by Ganymede's own kernel, which does not multiply padding. A third input is a
/// bias, followed by a leaky ReLU.
final class DirectKernel: Kernel {
    private let shape: gk_convolution_shape
    private var kind: gk_convolution_kind
    private var memory: KernelMemory?

    /// Nil where the processor lacks the instructions, and with AVX-512 for 1x1 windows: those are plain matrix products,
    /// which oneDNN computes faster there.
    init?(_ direction: Convolution.Direction, _ problem: ConvolutionProblem, slope: Double = 1) {
        let isBFloat16 = problem.operands == .bfloat16
        guard gk_own_products() >= (isBFloat16 ? 2 : 1),
            problem.window.size != [1, 1] || gk_selected_isa() == 1
        else { return nil }
        shape = problem.shape
        kind = gk_convolution_kind(
            bfloat16: isBFloat16, result_bfloat16: problem.outputType == .bfloat16,
            input_gradient: direction == .inputGradient, bias: nil, slope: Float(slope))
    }

    var implementation: String { "ganymede:convolution" }
    var scratchBytes: Int {
        withUnsafePointer(to: shape) { shape in
            withUnsafePointer(to: kind) { gk_convolution_scratch(shape, $0) }
        }
    }

    func bind(_ memory: KernelMemory) {
        self.memory = memory
        if memory.inputs.count > 2 { kind.bias = memory.floats(input: 2) }
    }

    func run() -> Bool {
        guard let memory else { return true }
        withUnsafePointer(to: shape) { shape in
            withUnsafePointer(to: kind) {
                gk_convolution(
                    shape, $0, memory.inputs[0], memory.floats(input: 1), memory.outputs[0],
                    memory.scratch)
            }
        }
        return true
    }
}

/// A convolution into f32, then one pass that adds the bias and applies the activation: the result is rounded once.
final class BiasedKernel: Kernel {
    private let convolution: ConvolutionKernel
    private let activation: any Kernel
    private let sumBytes: Int

    init(_ problem: ConvolutionProblem, _ slope: Double) throws {
        var sums = problem
        sums.outputType = .float32
        convolution = try ConvolutionKernel(.forward, sums)
        let instructions: [FusedElementwise.Instruction] = [
            .init(.function(.add), [0, 1]), .init(.function(.leakyRelu(slope: slope)), [2]),
            .init(.function(.cast(problem.outputType)), [3], type: problem.outputType),
        ]
        let fused = FusedElementwise(
            shape: problem.y, inputCount: 2, instructions: instructions, outputs: [2])
        activation = try fused.makeKernel(
            KernelTypes(
                inputs: [TensorType(problem.y), TensorType([problem.y[3]])],
                outputs: [TensorType(problem.y, problem.outputType)], threads: problem.threads))
        sumBytes = problem.outputType == .float32 ? 0 : aligned(problem.y.count * 4)
    }

    var implementation: String {
        "\(convolution.implementation) + \(activation.implementation)"
    }
    var scratchBytes: Int { sumBytes + convolution.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        let sums = sumBytes > 0 ? memory.scratch : memory.outputs[0]
        try convolution.bind(
            KernelMemory(
                inputs: memory.inputs, outputs: [sums], scratch: memory.scratch + sumBytes))
        try activation.bind(
            KernelMemory(
                inputs: [sums, memory.inputs[2]], outputs: memory.outputs, scratch: memory.scratch))
    }

    func run() -> Bool { convolution.run() && activation.run() }

    func runTimingReorders(_ clock: () -> Double) -> Double {
        let reorders = convolution.runTimingReorders(clock)
        _ = activation.run()
        return reorders
    }
}

/// The filter gradient as sums of outer products in registers, over the output positions where a tap lies inside the
/// image.
final class FilterGradientKernel: Kernel {
    private let shape: gk_convolution_shape
    private let isBFloat16: Bool
    private var memory: KernelMemory?

    /// Whether it is at least as fast as oneDNN's, as measured: docs/decisions/0010. Always in bf16: oneDNN 2.6 is far
    /// slower, and on images of one pixel its results differ between runs.
    static func isFaster(_ problem: ConvolutionProblem) -> Bool {
        if problem.operands == .bfloat16 { return gk_own_products() >= 2 }
        if gk_own_products() < 1 || problem.window.size == [1, 1] { return false }
        return gk_selected_isa() == 1
            ? problem.w[3] >= 16 : problem.w[3] >= 32 && problem.w[2] >= 4
    }

    init(_ problem: ConvolutionProblem) {
        isBFloat16 = problem.operands == .bfloat16
        shape = problem.shape
    }

    var implementation: String { "ganymede:filterGradient" }
    var scratchBytes: Int {
        withUnsafePointer(to: shape) { gk_filter_gradient_scratch($0, isBFloat16) }
    }

    func bind(_ memory: KernelMemory) { self.memory = memory }

    func run() -> Bool {
        guard let memory else { return true }
        withUnsafePointer(to: shape) {
            gk_filter_gradient(
                $0, isBFloat16, memory.inputs[0], memory.inputs[1], memory.floats(output: 0),
                memory.scratch)
        }
        return true
    }
}
