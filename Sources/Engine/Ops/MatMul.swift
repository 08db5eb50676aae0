/// The product of two matrices, each optionally transposed: f32 from f32, or f32 or bf16 from bf16.
package struct MatMul: Primitive {
    package let transposeA: Bool
    package let transposeB: Bool
    /// Element type of the product; sums are in f32.
    package let outputType: DType

    package init(
        transposeA: Bool = false, transposeB: Bool = false, outputType: DType = .float32
    ) {
        self.outputType = outputType
        self.transposeA = transposeA
        self.transposeB = transposeB
    }

    package var name: String { "matmul" }
    package var attributes: String {
        [transposeA ? "transposeA" : "", transposeB ? "transposeB" : ""]
            .filter { !$0.isEmpty }.joined(separator: " ")
    }

    package var storage: StorageRule {
        .product(rounded: 2, mayStoreBFloat16: true) { storing(as: $0) }
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == 2, inputs.allSatisfy({ $0.shape.rank == 2 }),
            productFits(inputs.map(\.dtype), outputType)
        else { throw GraphFault("matmul takes two matrices, not \(inputs)") }
        let (m, k) = extents(inputs[0].shape, transposeA)
        let (inner, n) = extents(inputs[1].shape, transposeB)
        guard k == inner else {
            throw GraphFault("matmul of \(inputs[0]) and \(inputs[1]) \(attributes)")
        }
        return [TensorType([m, n], outputType)]
    }

    /// Rows and columns of an operand after its transposition.
    package func extents(_ shape: Shape, _ transposed: Bool) -> (Int, Int) {
        transposed ? (shape[1], shape[0]) : (shape[0], shape[1])
    }

    package func flops(_ inputs: [TensorType]) -> Double {
        let (m, k) = extents(inputs[0].shape, transposeA)
        return 2 * Double(m) * Double(k) * Double(extents(inputs[1].shape, transposeB).1)
    }

    /// dA = G B' and dB = A' G for the cotangent G, with the transposes moved into the operands.
    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let (a, b, g) = (context.inputs[0], context.inputs[1], context.cotangent())
        let da =
            transposeA
            ? b.matmul(g, transposeA: transposeB, transposeB: true)
            : g.matmul(b, transposeB: !transposeB)
        let db =
            transposeB
            ? g.matmul(a, transposeA: true, transposeB: transposeA)
            : a.matmul(g, transposeA: !transposeA)
        return [da, db]
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        guard let divided = inputs.first(where: \.isDivided) else {
            return placementOfWholes(inputs)
        }
        if inputs[0].isDivided && !transposeA {
            // Rows of the product.
            return inputs[1].isDivided
                ? nil : PlacementRule([divided, .everywhere], makes: divided, by: self)
        }
        // The product sums over the batch.
        return transposeA && !transposeB
            ? PlacementRule([divided, divided], makes: .summands, by: self) : nil
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let (a, b) = (inputs[0], inputs[1])
        let (m, k) = extents(a.shape, transposeA)
        let (_, n) = extents(b.shape, transposeB)
        var result = [Double](repeating: 0, count: m * n)
        let aStride = transposeA ? (1, m) : (k, 1)
        let bStride = transposeB ? (1, k) : (n, 1)
        for i in 0..<m {
            for l in 0..<k {
                let left = a.values[i * aStride.0 + l * aStride.1]
                for j in 0..<n {
                    result[i * n + j] += left * b.values[l * bStride.0 + j * bStride.1]
                }
            }
        }
        return [ReferenceTensor([m, n], result)]
    }
}

/// Whether a product of operands of these types can be `outputType`: f32 from f32, either from bf16.
func productFits(_ operands: [DType], _ outputType: DType) -> Bool {
    outputType.isFloat && operands.allSatisfy { $0 == .bfloat16 }
        || outputType == .float32 && operands.allSatisfy { $0 == .float32 }
}
