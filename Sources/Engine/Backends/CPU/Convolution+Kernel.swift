import CKernels
import COneDNN

extension Convolution: LoweredProduct {
    /// The fastest kernel for the direction, the window and the channels. Measurements: docs/decisions/0010.
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let problem = problem(types)
        switch direction {
        case .forward:
            return try DirectKernel(.forward, problem) ?? ConvolutionKernel(.forward, problem)
        case .inputGradient:
            // Few channels would fill only part of each vector. That does not matter to a product and a fold.
            if problem.x[3] <= 4 { return try FoldingKernel(problem) }
            if let direct = DirectKernel(.inputGradient, problem) { return direct }
            return try window.mirrored.map { try RearrangedKernel.mirrored(problem, $0) }
                ?? ConvolutionKernel(.inputGradient, problem)
        case .filterGradient:
            if FilterGradientKernel.isFaster(problem) { return FilterGradientKernel(problem) }
            return try window.isStridedPointwise
                ? RearrangedKernel.picking(problem) : ConvolutionKernel(.filterGradient, problem)
        }
    }

    /// A kernel that fuses bias and activation, or else the convolution followed by one pass over its result.
    package func makeKernel(_ types: KernelTypes, slope: Double) throws -> any Kernel {
        let problem = problem(types)
        if let direct = DirectKernel(.forward, problem, slope: slope) { return direct }
        var sums = problem
        sums.outputType = .float32
        return try FollowedKernel(
            ConvolutionKernel(.forward, sums), types, [.add, .leakyRelu(slope: slope)])
    }

    /// A kernel that fuses the gradient of a leaky ReLU, or else the convolution followed by one pass over its result.
    fileprivate func makeGatedKernel(_ types: KernelTypes, slope: Double) throws -> any Kernel {
        let plain = try makeKernel(types)
        guard let direct = plain as? DirectKernel else {
            return try FollowedKernel(plain, types, [.leakyReluGradient(slope: slope)])
        }
        direct.gate(slope: slope)
        return direct
    }

    private func problem(_ types: KernelTypes) -> ConvolutionProblem {
        let (x, w, y) = shapes(types.inputs.map(\.shape))
        return ConvolutionProblem(
            window: window, x: x, w: w, y: y, operands: types.inputs[0].dtype,
            outputType: outputType, threads: types.threads)
    }
}

extension Gated: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        try convolution.makeGatedKernel(types, slope: slope)
    }
}

/// A convolution at given shapes and types.
struct ConvolutionProblem {
    var window: Window
    /// Image [N, H, W, C], filter [KH, KW, C, K] and output [N, OH, OW, K]. Which one is computed depends on the
    /// direction.
    var x: Shape
    var w: Shape
    var y: Shape
    /// Element type of the operands.
    var operands: DType
    /// Element type of the result.
    var outputType: DType
    /// Threads that share the work.
    var threads: Int

    /// The same for the C kernels.
    var shape: gk_convolution_shape {
        gk_convolution_shape(
            batch: x[0], height: x[1], width: x[2], channels: x[3], filters: w[3],
            window_height: w[0], window_width: w[1], stride_y: window.strides[0],
            stride_x: window.strides[1], top: window.padBefore[0], left: window.padBefore[1],
            rows: y[1],
            columns: y[2])
    }
}

/// A oneDNN convolution, with the images divided among the threads. Images are channels-last and used in place. Filters
/// are f32 and are reordered to the layout and type that the primitive chooses, unless those are the plain ones. The
/// filter gradients of all threads' images are summed.
final class ConvolutionKernel: Kernel {
    private let direction: Convolution.Direction
    private let problem: ConvolutionProblem
    private let images: [Range<Int>]
    private let pieces: DNNPieces
    /// Converts between plain filters and the primitive's layout; nil if they are the same.
    private var reorder: DNNPieces?
    /// Size and number of the filters in scratch memory, in the primitive's layout: each thread's gradient if there
    /// are several threads, then the filter or the sum unless its layout is plain.
    private let filterBytes: Int
    private let filterCount: Int
    private let piecesScratchAt: Int
    private let reorderScratchAt: Int
    private var memory: KernelMemory?

    init(_ direction: Convolution.Direction, _ problem: ConvolutionProblem) throws {
        (self.direction, self.problem) = (direction, problem)
        let ranges = DNNPieces.ranges(problem.x[0], threads: problem.threads)
        let first = try ConvolutionKernel.operation(direction, problem, images: ranges[0].count)
        let wanted = try first.descriptor(GDN_WEIGHTS)
        // All primitives read one filter, so the others use the layout that the first one chose.
        let others = try? ranges.dropFirst().map {
            try ConvolutionKernel.operation(direction, problem, images: $0.count, filter: wanted)
        }
        if let others {
            images = ranges
            pieces = DNNPieces([first] + others)
        } else {
            images = [0..<problem.x[0]]
            pieces = DNNPieces([
                try ConvolutionKernel.operation(
                    direction, problem, images: problem.x[0], filter: wanted)
            ])
        }
        let (height, width, inputs, outputs) = (
            problem.w[0], problem.w[1], problem.w[2], problem.w[3]
        )
        let plain = try DNNDescriptor(
            [outputs, inputs, height, width], .float32,
            strides: [1, outputs, width * inputs * outputs, inputs * outputs])
        let isPlain = wanted.isEqual(to: plain)
        if !isPlain {
            let ends = direction == .filterGradient ? (wanted, plain) : (plain, wanted)
            let attributes = try DNNAttributes()
            reorder = DNNPieces([
                try DNNOperation("reorder of the filter \(problem.w)") { made in
                    gdn_reorder_create(&made, ends.0.handle, ends.1.handle, attributes.handle)
                }
            ])
        }
        filterBytes = wanted.byteCount
        let partCount = direction == .filterGradient && images.count > 1 ? images.count : 0
        filterCount = partCount + (isPlain ? 0 : 1)
        piecesScratchAt = aligned(filterCount * filterBytes)
        reorderScratchAt = piecesScratchAt + pieces.scratchBytes
    }

    private static func operation(
        _ direction: Convolution.Direction, _ problem: ConvolutionProblem, images: Int,
        filter wanted: DNNDescriptor? = nil
    ) throws -> DNNOperation {
        let (window, operands) = (problem.window, problem.operands)
        func image(_ shape: Shape, isResult: Bool) throws -> DNNDescriptor {
            let (h, w, c) = (shape[1], shape[2], shape[3])
            return try DNNDescriptor(
                [images, c, h, w], isResult ? problem.outputType : operands,
                strides: [h * w * c, 1, w * c, c])
        }
        let source = try image(problem.x, isResult: direction == .inputGradient)
        let target = try image(problem.y, isResult: direction == .forward)
        let filter = [problem.w[3], problem.w[2], problem.w[0], problem.w[1]]
        let layout =
            try wanted
            ?? DNNDescriptor(
                filter, direction == .filterGradient ? problem.outputType : operands, strides: nil)
        let forwardSource = try image(problem.x, isResult: false)
        let forwardFilter = try DNNDescriptor(filter, operands, strides: nil)
        let attributes = try DNNAttributes()
        let code = direction.code
        return try DNNOperation("\(direction) convolution \(window)") { made in
            gdn_convolution_create(
                &made, code, source.handle, layout.handle, target.handle,
                forwardSource.handle, forwardFilter.handle,
                window.strides.map(Int64.init), window.padBefore.map(Int64.init),
                window.padAfter.map(Int64.init), attributes.handle)
        }
    }

    var implementation: String {
        pieces.implementation + (reorder.map { " + reorder \($0.implementation)" } ?? "")
    }

    var scratchBytes: Int { reorderScratchAt + (reorder?.scratchBytes ?? 0) }

    func bind(_ memory: KernelMemory) throws {
        self.memory = memory
        let result = memory.outputs[0]
        let (x, w, y) =
            switch direction {
            case .forward: (memory.inputs[0], memory.inputs[1], result)
            case .inputGradient: (result, memory.inputs[1], memory.inputs[0])
            case .filterGradient: (memory.inputs[0], result, memory.inputs[1])
            }
        func offset(_ image: Int, _ shape: Shape, isResult: Bool) -> Int {
            let type = isResult ? problem.outputType : problem.operands
            return image * shape.count / shape[0] * type.byteCount
        }
        for (index, (operation, images)) in zip(pieces.operations, images).enumerated() {
            let first = images.lowerBound
            try operation.bind(
                GDN_SRC, x + offset(first, problem.x, isResult: direction == .inputGradient))
            try operation.bind(
                GDN_DST, y + offset(first, problem.y, isResult: direction == .forward))
            try operation.bind(
                GDN_WEIGHTS,
                filterCount == 0
                    ? w
                    : memory.scratch
                        + (direction == .filterGradient && pieces.operations.count > 1 ? index : 0)
                        * filterBytes)
        }
        try pieces.bindScratch(memory.scratch + piecesScratchAt)
        guard let reorder else { return }
        let laidOut = memory.scratch + (filterCount - 1) * filterBytes
        try reorder.operations[0].bind(direction == .filterGradient ? GDN_DST : GDN_SRC, w)
        try reorder.operations[0].bind(direction == .filterGradient ? GDN_SRC : GDN_DST, laidOut)
        try reorder.bindScratch(memory.scratch + reorderScratchAt)
    }

    /// Sums the filter gradients of all threads' images, in the primitive's layout.
    private func sumParts() {
        guard direction == .filterGradient, images.count > 1, let memory else { return }
        let target =
            reorder == nil
            ? memory.outputs[0] : memory.scratch + (filterCount - 1) * filterBytes
        gk_reduce(
            GK_SUM, GK_FLOAT, memory.scratch, target.assumingMemoryBound(to: Float.self), 1,
            images.count, filterBytes / 4)
    }

    func runTimingReorders(_ clock: () -> Double) -> Double {
        let start = clock()
        if direction != .filterGradient { reorder?.execute() }
        let begin = clock()
        pieces.execute()
        sumParts()
        let end = clock()
        if direction == .filterGradient { reorder?.execute() }
        return begin - start + clock() - end
    }

    func run() -> Bool {
        if direction != .filterGradient { reorder?.execute() }
        pieces.execute()
        sumParts()
        if direction == .filterGradient { reorder?.execute() }
        return true
    }
}

extension Convolution.Direction {
    fileprivate var code: gdn_direction {
        switch self {
        case .forward: GDN_FORWARD
        case .inputGradient: GDN_INPUT_GRADIENT
        case .filterGradient: GDN_FILTER_GRADIENT
        }
    }
}
