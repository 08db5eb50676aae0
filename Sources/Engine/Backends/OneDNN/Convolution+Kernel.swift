import CKernels
import COneDNN

extension Convolution {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let (x, w, y) = shapes(types.inputs.map(\.shape))
        // oneDNN computes 16 channels for an image gradient of one or three; a product and a fold do not.
        if face == .inputGradient, x[3] <= 4 { return try FoldingKernel(window, x: x, w: w, y: y) }
        if face == .filterGradient, window.picks {
            return try PickingKernel(window, x: x, w: w, y: y)
        }
        return try ConvolutionKernel(self, x: x, w: w, y: y)
    }
}

/// A convolution of oneDNN. Images lie channels last, as they are; filters go through the layout that the
/// primitive wants, where that is not the plain one.
private final class ConvolutionKernel: Kernel {
    private let face: Convolution.Face
    private let operation: DNNOperation
    /// Between plain filters and the operation's.
    private var reorder: DNNOperation?
    private let filterBytes: Int
    private let reorderScratchAt: Int

    init(_ convolution: Convolution, x: Shape, w: Shape, y: Shape) throws {
        face = convolution.face
        func image(_ shape: Shape) throws -> DNNDescriptor {
            let (n, h, w, c) = (shape[0], shape[1], shape[2], shape[3])
            return try DNNDescriptor([n, c, h, w], strides: [h * w * c, 1, w * c, c])
        }
        let (source, target) = (try image(x), try image(y))
        let (height, width, inputs, outputs) = (w[0], w[1], w[2], w[3])
        let filter = [outputs, inputs, height, width]
        let anyLayout = try DNNDescriptor(filter, strides: nil)
        let plain = try DNNDescriptor(
            filter, strides: [1, outputs, width * inputs * outputs, inputs * outputs])
        let attributes = try DNNAttributes()
        let window = convolution.window
        let code = face.code
        let operation = try DNNOperation("\(convolution.name) \(window)") { made in
            gdn_convolution_create(
                &made, code, source.handle, anyLayout.handle, target.handle,
                window.strides.map(Int64.init), window.before.map(Int64.init),
                window.after.map(Int64.init), attributes.handle)
        }
        self.operation = operation
        let wanted = try operation.descriptor(GDN_WEIGHTS)
        if wanted.isEqual(to: plain) {
            filterBytes = 0
        } else {
            filterBytes = (wanted.byteCount + 63) / 64 * 64
            let ends = face == .filterGradient ? (wanted, plain) : (plain, wanted)
            reorder = try DNNOperation("reorder of the filter \(w)") { made in
                gdn_reorder_create(&made, ends.0.handle, ends.1.handle, attributes.handle)
            }
        }
        reorderScratchAt = filterBytes + (operation.scratchBytes + 63) / 64 * 64
    }

    var implementation: String {
        operation.implementation + (reorder.map { " + reorder \($0.implementation)" } ?? "")
    }

    var scratchBytes: Int { reorderScratchAt + (reorder?.scratchBytes ?? 0) }

    func bind(_ memory: KernelMemory) throws {
        let result = memory.outputs[0]
        let (x, w, y) =
            switch face {
            case .forward: (memory.inputs[0], memory.inputs[1], result)
            case .inputGradient: (result, memory.inputs[1], memory.inputs[0])
            case .filterGradient: (memory.inputs[0], result, memory.inputs[1])
            }
        try operation.bind(GDN_SRC, x)
        try operation.bind(GDN_DST, y)
        try operation.bind(GDN_WEIGHTS, reorder == nil ? w : memory.scratch)
        if operation.scratchBytes > 0 {
            try operation.bind(GDN_SCRATCHPAD, memory.scratch + filterBytes)
        }
        guard let reorder else { return }
        try reorder.bind(face == .filterGradient ? GDN_DST : GDN_SRC, w)
        try reorder.bind(face == .filterGradient ? GDN_SRC : GDN_DST, memory.scratch)
        if reorder.scratchBytes > 0 {
            try reorder.bind(GDN_SCRATCHPAD, memory.scratch + reorderScratchAt)
        }
    }

    func run() -> Bool {
        if face != .filterGradient { reorder?.execute() }
        operation.execute()
        if face == .filterGradient { reorder?.execute() }
        return true
    }
}

extension Convolution.Face {
    fileprivate var code: gdn_face {
        switch self {
        case .forward: GDN_FORWARD
        case .inputGradient: GDN_INPUT_GRADIENT
        case .filterGradient: GDN_FILTER_GRADIENT
        }
    }
}

/// The filter gradient of a 1x1 window that skips pixels: that of the picked pixels with steps of one. oneDNN's
/// own kernel writes past its workspace where channels lie last (uxlfoundation/oneDNN#6035, open in 3.x too):
/// wrong gradients now and then, and a damaged arena.
private final class PickingKernel: Kernel {
    private let pick: StridedCopy
    private let gradient: ConvolutionKernel
    private let pickedBytes: Int
    private var memory: KernelMemory?

    init(_ window: Window, x: Shape, w: Shape, y: Shape) throws {
        let picked = Shape([x[0]] + window.places + [x[3]])
        let places = Array(picked.dimensions[1...2])
        let own = x.strides
        pick = StridedCopy(
            picked, from: [own[0], own[1] * window.strides[0], own[2] * window.strides[1], 1],
            to: picked.strides)
        gradient = try ConvolutionKernel(
            Convolution(
                .filterGradient,
                Window(image: places, size: [1, 1], strides: [1, 1], padding: .valid)),
            x: picked, w: w, y: y)
        pickedBytes = (picked.count * 4 + 63) / 64 * 64
    }

    var implementation: String { "ganymede:copy + \(gradient.implementation)" }
    var scratchBytes: Int { pickedBytes + gradient.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        self.memory = memory
        try gradient.bind(
            KernelMemory(
                inputs: [memory.scratch, memory.inputs[1]], outputs: memory.outputs,
                scratch: memory.scratch + pickedBytes))
    }

    func run() -> Bool {
        guard let memory else { return true }
        pick.run(memory.inputs[0], memory.scratch)
        return gradient.run()
    }
}

/// The input gradient as a product that makes what each place hands to the pixels under its window, and a fold
/// that sums them.
private final class FoldingKernel: Kernel {
    private let product: MatMulKernel
    private let shape: gk_fold_shape
    private let batch: Int
    private let columnBytes: Int
    private var memory: KernelMemory?

    init(_ window: Window, x: Shape, w: Shape, y: Shape) throws {
        let places = y.count / y[3]
        let taps = w.count / w[3]
        product = try MatMulKernel(
            MatMul(transposeB: true),
            KernelTypes(
                inputs: [TensorType([places, y[3]]), TensorType([taps, w[3]])],
                outputs: [TensorType([places, taps])]))
        columnBytes = (places * taps * 4 + 63) / 64 * 64
        batch = x[0]
        shape = gk_fold_shape(
            height: x[1], width: x[2], channels: x[3], window_height: w[0], window_width: w[1],
            stride_y: window.strides[0], stride_x: window.strides[1], top: window.before[0],
            left: window.before[1], rows: y[1], columns: y[2])
    }

    var implementation: String { "\(product.implementation) + ganymede:fold" }
    var scratchBytes: Int { columnBytes + product.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        self.memory = memory
        try product.bind(
            KernelMemory(
                inputs: memory.inputs, outputs: [memory.scratch],
                scratch: memory.scratch + columnBytes))
    }

    func run() -> Bool {
        guard let memory else { return true }
        _ = product.run()
        withUnsafePointer(to: shape) {
            gk_fold(
                $0, memory.scratch.assumingMemoryBound(to: Float.self), memory.floats(output: 0),
                batch)
        }
        return true
    }
}
