import CKernels

/// A matrix product by Ganymede's own kernels: rows are images of one pixel. Used without AVX-512, where oneDNN packs both
/// matrices of every product: docs/decisions/0010.
final class OwnProductKernel: Kernel {
    private enum Part {
        /// The rows times the columns, or the rows times the rows.
        case convolution(gk_convolution_kind)
        /// The columns times the columns, summed over all rows.
        case filterGradient
    }

    private let shape: gk_convolution_shape
    private var part: Part
    private var memory: KernelMemory?

    /// Nil where oneDNN is faster or the product is none of these.
    init?(_ matmul: MatMul, _ types: KernelTypes, slope: Double) {
        let areFloats = (types.inputs + types.outputs).allSatisfy { $0.dtype == .float32 }
        guard gk_own_products() == 1, gk_selected_isa() == 1, areFloats,
            types.inputs[0].shape.rank == 2, types.inputs[1].shape.rank == 2
        else { return nil }
        let (m, k) = matmul.extents(types.inputs[0].shape, matmul.transposeA)
        let (_, n) = matmul.extents(types.inputs[1].shape, matmul.transposeB)
        // Packing is a third of the work with few rows. oneDNN does without, but where rows share one set of the cache.
        let isAliased = !matmul.transposeA && !matmul.transposeB && n * 4 % 4096 == 0
        guard (matmul.transposeA ? k : m) >= 64 || isAliased else { return nil }
        let isPlain = types.inputs.count == 2 && slope == 1
        var shape = gk_convolution_shape(
            batch: m, height: 1, width: 1, channels: k, filters: n, window_height: 1,
            window_width: 1, stride_y: 1, stride_x: 1, top: 0, left: 0, rows: 1, columns: 1)
        var kind = gk_convolution_kind(
            bfloat16: false, result_bfloat16: false, input_gradient: false, bias: nil,
            slope: Float(slope))
        switch (matmul.transposeA, matmul.transposeB) {
        case (false, false): part = .convolution(kind)
        case (false, true):
            kind.input_gradient = true
            (shape.channels, shape.filters) = (n, k)
            part = .convolution(kind)
        case (true, false) where isPlain:
            // One image, so that the innermost loop runs over its columns.
            (shape.batch, shape.width, shape.columns, shape.channels) = (1, k, k, m)
            part = .filterGradient
        default: return nil
        }
        self.shape = shape
    }

    var implementation: String { "ganymede:product" }

    var scratchBytes: Int {
        withUnsafePointer(to: shape) { shape in
            switch part {
            case .convolution(let kind):
                withUnsafePointer(to: kind) { gk_convolution_scratch(shape, $0) }
            case .filterGradient: gk_filter_gradient_scratch(shape, false)
            }
        }
    }

    func bind(_ memory: KernelMemory) {
        self.memory = memory
        if case .convolution(var kind) = part, memory.inputs.count > 2 {
            kind.bias = memory.floats(input: 2)
            part = .convolution(kind)
        }
    }

    func run() -> Bool {
        guard let memory else { return true }
        withUnsafePointer(to: shape) { shape in
            switch part {
            case .convolution(let kind):
                withUnsafePointer(to: kind) {
                    gk_convolution(
                        shape, $0, memory.inputs[0], memory.floats(input: 1), memory.outputs[0],
                        memory.scratch)
                }
            case .filterGradient:
                gk_filter_gradient(
                    shape, false, memory.inputs[0], memory.inputs[1], memory.floats(output: 0),
                    memory.scratch)
            }
        }
        return true
    }
}
