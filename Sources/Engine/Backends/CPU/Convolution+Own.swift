import CKernels

/// A convolution or its input gradient by Ganymede's own kernel, which does not multiply padding. A third input is a
/// bias, followed by a leaky ReLU; or what the gradient of a leaky ReLU is at, which multiplies the result.
final class DirectKernel: Kernel {
    private let shape: gk_convolution_shape
    private var kind: gk_convolution_kind
    private var isGated = false
    private var memory: KernelMemory?

    /// Nil where the processor lacks the instructions, and with AVX-512 for 1x1 windows: those are plain matrix products,
    /// which oneDNN computes faster there.
    init?(
        _ direction: Convolution.Direction, _ problem: ConvolutionProblem, slope: Double = 1
    ) {
        let isBFloat16 = problem.operands == .bfloat16
        guard gk_own_products() >= (isBFloat16 ? 2 : 1),
            problem.window.size != [1, 1] || gk_selected_isa() == 1
        else { return nil }
        shape = problem.shape
        kind = gk_convolution_kind(
            bfloat16: isBFloat16, result_bfloat16: problem.outputType == .bfloat16,
            input_gradient: direction == .inputGradient, bias: nil, slope: Float(slope),
            gate: nil)
    }

    /// Makes the third input what multiplies the result: by 1 where positive, else by `slope`.
    func gate(slope: Double) {
        isGated = true
        kind.slope = Float(slope)
    }

    var implementation: String { "ganymede:convolution" }
    var scratchBytes: Int {
        withUnsafePointer(to: shape) { shape in
            withUnsafePointer(to: kind) { gk_convolution_scratch(shape, $0) }
        }
    }

    func bind(_ memory: KernelMemory) {
        self.memory = memory
        guard memory.inputs.count > 2 else { return }
        let third = UnsafePointer(memory.floats(input: 2))
        if isGated { kind.gate = third } else { kind.bias = third }
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

/// A convolution into f32, then one pass that applies functions, the first of them to the third input, too: the result is
/// rounded once.
final class FollowedKernel: Kernel {
    private let convolution: any Kernel
    private let activation: any Kernel
    private let sumBytes: Int

    init(
        _ convolution: any Kernel, _ types: KernelTypes, _ functions: [ElementwiseFunction]
    ) throws {
        self.convolution = convolution
        let result = types.outputs[0]
        let instructions = (functions + [.cast(result.dtype)]).enumerated().map { place, function in
            FusedElementwise.Instruction(
                .function(function), place == 0 ? [0, 1] : [place + 1],
                type: place == functions.count ? result.dtype : .float32)
        }
        let fused = FusedElementwise(
            shape: result.shape, inputCount: 2, instructions: instructions,
            outputs: [functions.count])
        activation = try fused.makeKernel(
            KernelTypes(
                inputs: [TensorType(result.shape), types.inputs[2]], outputs: [result],
                threads: types.threads))
        sumBytes = result.dtype == .float32 ? 0 : aligned(result.shape.count * 4)
    }

    var implementation: String {
        "\(convolution.implementation) + \(activation.implementation)"
    }
    var scratchBytes: Int { sumBytes + convolution.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        let sums = sumBytes > 0 ? memory.scratch : memory.outputs[0]
        try convolution.bind(
            KernelMemory(
                inputs: Array(memory.inputs.prefix(2)), outputs: [sums],
                scratch: memory.scratch + sumBytes))
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
