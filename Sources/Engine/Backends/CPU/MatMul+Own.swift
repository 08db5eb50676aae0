import CKernels

/// A matrix product by Ganymede's own kernel, with its bias and leaky ReLU. Used without AVX-512, where oneDNN packs both
/// matrices of every product, and for bfloat16 with matrix registers: docs/decisions/0010.
final class OwnProductKernel: Kernel {
    private var shape: gk_matrix_product
    private var memory: KernelMemory?

    /// Nil where oneDNN is faster or computes what this kernel does not.
    init?(_ matmul: MatMul, _ types: KernelTypes, slope: Double) {
        let operands = types.inputs.prefix(2).map(\.dtype), result = types.outputs[0].dtype
        let areFloats = operands + [result] == [.float32, .float32, .float32]
        let arePairs = operands == [.bfloat16, .bfloat16]
        guard gk_own_products() > 0,
            areFloats && gk_selected_isa() == 1 || arePairs && gk_selected_isa() == 3,
            types.inputs[0].shape.rank == 2, types.inputs[1].shape.rank == 2
        else { return nil }
        let (rows, depth) = matmul.extents(types.inputs[0].shape, matmul.transposeA)
        let (_, columns) = matmul.extents(types.inputs[1].shape, matmul.transposeB)
        shape = gk_matrix_product(
            rows: rows, columns: columns, depth: depth, transpose_a: matmul.transposeA,
            transpose_b: matmul.transposeB, bfloat16: arePairs,
            result_bfloat16: result == .bfloat16, bias: nil, slope: Float(slope))
    }

    var implementation: String { "ganymede:product" }
    var scratchBytes: Int { withUnsafePointer(to: shape) { gk_matrix_product_scratch($0) } }

    func bind(_ memory: KernelMemory) {
        self.memory = memory
        if memory.inputs.count > 2 { shape.bias = UnsafePointer(memory.floats(input: 2)) }
    }

    func run() -> Bool {
        guard let memory else { return true }
        withUnsafePointer(to: shape) {
            gk_multiply(
                $0, memory.inputs[0], memory.inputs[1], memory.outputs[0], memory.scratch)
        }
        return true
    }
}
