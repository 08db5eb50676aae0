import CKernels
import COneDNN

/// A oneDNN convolution that first copies one of its operands into another order.
final class RearrangedKernel: Kernel {
    private let copy: StridedCopy
    /// Index of the operand that is copied.
    private let operand: Int
    private let copyBytes: Int
    private let convolution: ConvolutionKernel
    private var memory: KernelMemory?

    private init(
        _ copy: StridedCopy, ofOperand operand: Int, bytes: Int, _ convolution: ConvolutionKernel
    ) {
        self.copy = copy
        self.operand = operand
        copyBytes = aligned(bytes)
        self.convolution = convolution
    }

    /// The input gradient for stride 1, as a forward convolution over y with the flipped filter: oneDNN's forward
    /// kernel is faster than its input gradient.
    ///
    /// - Parameter mirrored: see ``Window/mirrored``.
    static func mirrored(
        _ problem: ConvolutionProblem, _ mirrored: Window
    ) throws -> RearrangedKernel {
        let w = problem.w
        let turned = Shape([w[0], w[1], w[3], w[2]])
        let own = w.strides
        let turn = StridedCopy(
            turned, .float32, from: [-own[0], -own[1], own[3], own[2]], to: turned.strides,
            fromOffset: (w[0] - 1) * own[0] + (w[1] - 1) * own[1])
        let forward = ConvolutionProblem(
            window: mirrored, x: problem.y, w: turned, y: problem.x, operands: problem.operands,
            outputType: problem.outputType, threads: problem.threads)
        return RearrangedKernel(
            turn, ofOperand: 1, bytes: w.count * 4, try ConvolutionKernel(.forward, forward))
    }

    /// The filter gradient of a strided 1x1 window: copies the pixels that it reads, and continues with stride 1.
    /// oneDNN's own kernel writes past its workspace with channels-last images (uxlfoundation/oneDNN#6035, open in 3.x
    /// too), which occasionally gives wrong gradients and corrupts the arena.
    static func picking(_ problem: ConvolutionProblem) throws -> RearrangedKernel {
        let (window, x) = (problem.window, problem.x)
        let picked = Shape([x[0]] + window.outputSize + [x[3]])
        let own = x.strides
        let pick = StridedCopy(
            picked, problem.operands,
            from: [own[0], own[1] * window.strides[0], own[2] * window.strides[1], 1],
            to: picked.strides)
        var rest = problem
        rest.x = picked
        rest.window = Window(
            image: window.outputSize, size: [1, 1], strides: [1, 1], padding: .valid)
        return RearrangedKernel(
            pick, ofOperand: 0, bytes: picked.count * problem.operands.byteCount,
            try ConvolutionKernel(.filterGradient, rest))
    }

    var implementation: String { "ganymede:copy + \(convolution.implementation)" }
    var scratchBytes: Int { copyBytes + convolution.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        self.memory = memory
        var inputs = memory.inputs
        inputs[operand] = memory.scratch
        try convolution.bind(
            KernelMemory(
                inputs: inputs, outputs: memory.outputs, scratch: memory.scratch + copyBytes))
    }

    func run() -> Bool {
        guard let memory else { return true }
        copy.run(memory.inputs[operand], memory.scratch)
        return convolution.run()
    }

    func runTimingReorders(_ clock: () -> Double) -> Double {
        guard let memory else { return 0 }
        let start = clock()
        copy.run(memory.inputs[operand], memory.scratch)
        return clock() - start + convolution.runTimingReorders(clock)
    }
}

/// The input gradient as a matrix product, which computes what each output position contributes to the pixels under its
/// window, and a fold (col2im), which sums the contributions. Both are f32; a bf16 result is rounded afterwards.
final class FoldingKernel: Kernel {
    private let product: any Kernel
    private let shape: gk_fold_shape
    private let problem: ConvolutionProblem
    private let columnBytes: Int
    private let filterBytes: Int
    private let imageBytes: Int
    private var memory: KernelMemory?

    init(_ problem: ConvolutionProblem) throws {
        let (window, x, w, y) = (problem.window, problem.x, problem.w, problem.y)
        self.problem = problem
        let places = y.count / y[3]
        let taps = w.count / w[3]
        product = try MatMul(transposeB: true).makeKernel(
            KernelTypes(
                inputs: [
                    TensorType([places, y[3]], problem.operands),
                    TensorType([taps, w[3]], problem.operands),
                ],
                outputs: [TensorType([places, taps])], threads: problem.threads))
        columnBytes = aligned(places * taps * 4)
        filterBytes = problem.operands == .bfloat16 ? aligned(w.count * 2) : 0
        imageBytes = problem.outputType == .bfloat16 ? aligned(x.count * 4) : 0
        shape = gk_fold_shape(
            height: x[1], width: x[2], channels: x[3], window_height: w[0], window_width: w[1],
            stride_y: window.strides[0], stride_x: window.strides[1], top: window.padBefore[0],
            left: window.padBefore[1], rows: y[1], columns: y[2])
    }

    var implementation: String { "\(product.implementation) + ganymede:fold" }
    var scratchBytes: Int { columnBytes + filterBytes + imageBytes + product.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        self.memory = memory
        let filter = filterBytes > 0 ? memory.scratch + columnBytes : memory.inputs[1]
        try product.bind(
            KernelMemory(
                inputs: [memory.inputs[0], filter], outputs: [memory.scratch],
                scratch: memory.scratch + columnBytes + filterBytes + imageBytes))
    }

    func run() -> Bool {
        guard let memory else { return true }
        let columns = memory.scratch
        if filterBytes > 0 {
            gk_round(memory.floats(input: 1), columns + columnBytes, problem.w.count)
        }
        _ = product.run()
        let image =
            imageBytes > 0 ? columns + columnBytes + filterBytes : memory.outputs[0]
        withUnsafePointer(to: shape) {
            gk_fold(
                $0, columns.assumingMemoryBound(to: Float.self),
                image.assumingMemoryBound(to: Float.self), problem.x[0])
        }
        if imageBytes > 0 {
            gk_round(
                image.assumingMemoryBound(to: Float.self), memory.outputs[0], problem.x.count)
        }
        return true
    }
}
