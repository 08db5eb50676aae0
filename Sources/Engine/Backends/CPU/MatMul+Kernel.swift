import CKernels
import COneDNN

extension MatMul: LoweredProduct {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        try makeKernel(types, slope: 1)
    }

    package func makeKernel(_ types: KernelTypes, slope: Double) throws -> any Kernel {
        try OwnProductKernel(self, types, slope: slope) ?? MatMulKernel(self, types, slope: slope)
    }
}

final class MatMulKernel: Kernel {
    /// A block of the result: its rows and columns.
    private struct Block {
        let rows: Range<Int>
        let columns: Range<Int>
    }

    private let pieces: DNNPieces
    private let blocks: [Block]
    private let types: KernelTypes
    /// Row and column stride of each operand, in elements.
    private let strideA: [Int]
    private let strideB: [Int]
    private let columnCount: Int

    /// A third input is the bias.
    init(_ matmul: MatMul, _ types: KernelTypes, slope: Double = 1) throws {
        self.types = types
        let (m, k) = matmul.extents(types.inputs[0].shape, matmul.transposeA)
        let (_, n) = matmul.extents(types.inputs[1].shape, matmul.transposeB)
        let strideA = matmul.transposeA ? [1, m] : [k, 1]
        let strideB = matmul.transposeB ? [1, k] : [n, 1]
        let blocks = MatMulKernel.blocks(
            m, n, k, threads: types.threads, whole: types.startsSoon && !matmul.transposeA)
        let attributes = try DNNAttributes(slope: slope)
        let operations = try blocks.map { block in
            let (rows, columns) = (block.rows.count, block.columns.count)
            let source = try DNNDescriptor([rows, k], types.inputs[0].dtype, strides: strideA)
            let weights = try DNNDescriptor([k, columns], types.inputs[1].dtype, strides: strideB)
            let target = try DNNDescriptor(
                [rows, columns], types.outputs[0].dtype, strides: [n, 1])
            let bias =
                types.inputs.count > 2
                ? try DNNDescriptor([1, columns], .float32, strides: [columns, 1]) : nil
            return try DNNOperation("matmul [\(rows),\(k)] x [\(k),\(columns)]") { made in
                gdn_matmul_create(
                    &made, source.handle, weights.handle, bias?.handle, target.handle,
                    attributes.handle)
            }
        }
        pieces = DNNPieces(operations)
        (self.blocks, self.strideA, self.strideB, columnCount) = (blocks, strideA, strideB, n)
    }

    /// One block per thread if there is enough to compute: blocks of columns, or of rows if there are many more rows.
    ///
    /// - Parameter whole: whether every block must be contiguous in memory. oneDNN runs such blocks with its routine
    ///   `brg`. Its routine for parts of rows, `gemm:jit`, takes 20 ms to generate code when it first runs.
    private static func blocks(_ m: Int, _ n: Int, _ k: Int, threads: Int, whole: Bool) -> [Block] {
        if 2 * m * n * k < 1 << 19 { return [Block(rows: 0..<m, columns: 0..<n)] }
        // Measured on products of 32 to 1024 rows and columns: rows are 10 % faster for few, 30 % slower for most.
        if !whole && n >= 32 * threads && 8 * n >= m {
            return DNNPieces.ranges(n, threads: threads, granule: 16).map {
                Block(rows: 0..<m, columns: $0)
            }
        }
        return DNNPieces.ranges(m, threads: threads, granule: 16).map {
            Block(rows: $0, columns: 0..<n)
        }
    }

    var implementation: String { pieces.implementation }
    var scratchBytes: Int { pieces.scratchBytes }

    func bind(_ memory: KernelMemory) throws {
        for (operation, block) in zip(pieces.operations, blocks) {
            let (row, column) = (block.rows.lowerBound, block.columns.lowerBound)
            func bytes(_ elements: Int, _ type: TensorType) -> Int {
                elements * type.dtype.byteCount
            }
            try operation.bind(
                GDN_SRC, memory.inputs[0] + bytes(row * strideA[0], types.inputs[0]))
            try operation.bind(
                GDN_WEIGHTS, memory.inputs[1] + bytes(column * strideB[1], types.inputs[1]))
            try operation.bind(
                GDN_DST, memory.outputs[0] + bytes(row * columnCount + column, types.outputs[0]))
            if memory.inputs.count > 2 {
                try operation.bind(GDN_BIAS, memory.inputs[2] + column * 4)
            }
        }
        try pieces.bindScratch(memory.scratch)
    }

    func run() -> Bool {
        pieces.execute()
        return true
    }
}
