import COneDNN

extension MatMul {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        try MatMulKernel(self, types)
    }

    package func makeKernel(_ types: KernelTypes, slope: Double) throws -> any Kernel {
        try MatMulKernel(self, types, slope: slope)
    }
}

final class MatMulKernel: Kernel {
    private let operation: DNNOperation

    /// With a bias where there is a third input.
    init(_ matmul: MatMul, _ types: KernelTypes, slope: Double = 1) throws {
        let (m, k) = matmul.extents(types.inputs[0].shape, matmul.transposeA)
        let (_, n) = matmul.extents(types.inputs[1].shape, matmul.transposeB)
        let source = try DNNDescriptor(
            [m, k], types.inputs[0].dtype, strides: matmul.transposeA ? [1, m] : [k, 1])
        let weights = try DNNDescriptor(
            [k, n], types.inputs[1].dtype, strides: matmul.transposeB ? [1, k] : [n, 1])
        let target = try DNNDescriptor([m, n], types.outputs[0].dtype, strides: [n, 1])
        let bias =
            types.inputs.count > 2 ? try DNNDescriptor([1, n], .float32, strides: [n, 1]) : nil
        let attributes = try DNNAttributes(slope: slope)
        operation = try DNNOperation("matmul [\(m),\(k)] x [\(k),\(n)]") { made in
            gdn_matmul_create(
                &made, source.handle, weights.handle, bias?.handle, target.handle,
                attributes.handle)
        }
    }

    var implementation: String { operation.implementation }
    var scratchBytes: Int { operation.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        try operation.bind(GDN_SRC, memory.inputs[0])
        try operation.bind(GDN_WEIGHTS, memory.inputs[1])
        try operation.bind(GDN_DST, memory.outputs[0])
        if memory.inputs.count > 2 { try operation.bind(GDN_BIAS, memory.inputs[2]) }
        if scratchBytes > 0 { try operation.bind(GDN_SCRATCHPAD, memory.scratch) }
    }

    func run() -> Bool {
        operation.execute()
        return true
    }
}
