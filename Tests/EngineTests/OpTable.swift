import Engine
import TestSupport

/// A row of the op table: one operation on inputs of given shapes.
struct OpRow: CustomStringConvertible, Sendable {
    let name: String
    let shapes: [Shape]
    /// The range of the inputs, in which the function is smooth and defined.
    var range: ClosedRange<Double> = -2...2
    /// Orders of derivatives that are checked against finite differences: 0 if the operation has no gradient.
    var derivatives = 2
    /// Relative error allowed for the 32-bit kernel.
    var tolerance = 2e-6
    /// The fused operation to compare with its composition; nil for other rows.
    var operation: (any Fused)?
    let build: @Sendable ([Tensor]) -> [Tensor]

    var description: String { "\(name) \(shapes.map(\.description).joined(separator: " "))" }

    /// The inputs `in0`, `in1`, ...
    func inputs() -> [String: ReferenceTensor] {
        var numbers = TestNumbers(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
        var inputs: [String: ReferenceTensor] = [:]
        for (index, shape) in shapes.enumerated() {
            inputs["in\(index)"] = ReferenceTensor(shape, numbers.tensor(shape, in: range))
        }
        inputs["key"] = ReferenceTensor(TensorType([4], .int32), [12345, -678, 9, 1])
        return inputs
    }

    func symbols(_ builder: GraphBuilder) -> [Tensor] {
        shapes.enumerated().map { builder.feed("in\($0.offset)", TensorType($0.element)) }
    }
}

/// Every operation of the registry; a test fails for one without a row.
enum OpTable {
    static let vectors: [Shape] = [[1], [13], [17, 3], [2, 1, 17], [5, 600]]

    static let rows: [OpRow] =
        unary + binary + movement + slicing + reductions + products + convolutions + pooling
        + random + fused
        + [
            // A single rank: the values themselves, through the message.
            OpRow(name: "allReduce", shapes: [[13], [2, 3]]) { inputs in
                inputs[0].builder.emitAll(AllReduce(among: 1), inputs)
            }
        ]

    private static func each(
        _ name: String, _ range: ClosedRange<Double> = -2...2, derivatives: Int = 2,
        _ build: @escaping @Sendable (Tensor) -> Tensor
    ) -> [OpRow] {
        vectors.map {
            OpRow(name: name, shapes: [$0], range: range, derivatives: derivatives) {
                [build($0[0])]
            }
        }
    }

    private static func pairs(
        _ name: String, _ range: ClosedRange<Double> = -2...2, derivatives: Int = 2,
        _ build: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> [OpRow] {
        let shapes: [[Shape]] = [
            [[13], [13]], [[17, 3], [3]], [[17, 3], [17, 1]], [[1, 7], [5, 1]],
            [[2, 3, 17], [3, 1]], [[4, 600], []],
        ]
        return shapes.map {
            OpRow(name: name, shapes: $0, range: range, derivatives: derivatives) {
                [build($0[0], $0[1])]
            }
        }
    }

    static let unary: [OpRow] =
        each("negate") { -$0 } + each("absolute") { $0.absolute() }
        + each("sign", derivatives: 0) { $0.sign() } + each("exp") { $0.exp() }
        + each("log", 0.1...3) { $0.log() } + each("log1p", -0.5...3) { $0.log1p() }
        + each("sqrt", 0.1...3) { $0.sqrt() } + each("tanh") { $0.tanh() }
        + each("sigmoid", -9...9) { $0.sigmoid() } + each("leakyRelu") { $0.leakyRelu(0.2) }
        + each("stopGradient", derivatives: 0) { $0.stopGradient() }
        + each("copy") { $0.builder.emit(Elementwise(.copy), $0) }
        + each("cast", -20...20, derivatives: 0) { $0.cast(.int32).cast(.float32) }

    static let binary: [OpRow] =
        pairs("add") { $0 + $1 } + pairs("subtract") { $0 - $1 } + pairs("multiply") { $0 * $1 }
        + pairs("divide", 0.5...2) { $0 / $1 } + pairs("maximum") { $0.maximum($1) }
        + pairs("minimum") { $0.minimum($1) }
        + pairs("greater", derivatives: 0) { ($0 .> $1).cast(.float32) }
        + pairs("greaterEqual", derivatives: 0) { ($0 .>= $1).cast(.float32) }
        + pairs("equal", derivatives: 0) {
            ($0.cast(.int32).cast(.float32) .== $1.cast(.int32).cast(.float32)).cast(.float32)
        }
        + pairs("sigmoidCrossEntropy") { $0.sigmoidCrossEntropy(targets: $1) }
        + vectors.map { shape in
            OpRow(name: "leakyReluGradient", shapes: [shape, shape]) {
                let gradient = Elementwise(.leakyReluGradient(slope: 0.2))
                return [$0[0].builder.emit(gradient, $0[0], $0[1])]
            }
        }
        + vectors.map { shape in
            OpRow(name: "cast", shapes: [shape], derivatives: 0) {
                [$0[0].cast(.bfloat16).cast(.float32)]
            }
        }
        + vectors.map { shape in
            OpRow(name: "select", shapes: [shape, shape, shape]) {
                [select($0[0] .> 0, $0[1] * $0[1], $0[2] * $0[0])]
            }
        }

    static let movement: [OpRow] =
        [
            ([1], [4]), ([17], [5, 17]), ([3, 1], [3, 17]), ([2, 1, 3], [7, 2, 5, 3]), ([], [13]),
        ]
        .map { (from: Shape, to: Shape) in
            OpRow(name: "broadcast", shapes: [from]) {
                // The square has a second gradient that is not zero; the first output is the broadcast itself.
                [$0[0].broadcast(to: to), ($0[0] * $0[0]).broadcast(to: to)]
            }
        }
        + [([6], [2, 3]), ([17, 1], [17]), ([2, 3, 5], [5, 6])]
        .map { (from: Shape, to: Shape) in
            OpRow(name: "reshape", shapes: [from]) {
                [$0[0].reshape(to), ($0[0] * $0[0]).reshape(to)]
            }
        }
        + [
            ([3, 17], [1, 0]), ([2, 3, 5], [2, 0, 1]), ([1, 13], [1, 0]),
            ([2, 3, 4, 5], [3, 1, 0, 2]),
        ]
        .map { (shape: Shape, permutation: [Int]) in
            OpRow(name: "transpose", shapes: [shape]) {
                [$0[0].transpose(permutation), ($0[0] * $0[0]).transpose(permutation)]
            }
        }

    static let reductions: [OpRow] = ["sum", "max"].flatMap { name in
        [
            ([13], [0]), ([17, 3], [0]), ([17, 3], [1]), ([1, 40], [0, 1]), ([2, 3, 17], [0, 2]),
            ([3, 2, 5, 7], [1, 2]), ([33, 70], [0]), ([300, 130], [0]), ([40, 3, 5], [1]),
        ]
        .map { (shape: Shape, axes: [Int]) in
            OpRow(name: name, shapes: [shape]) {
                let x = $0[0] * $0[0].absolute()
                return [name == "sum" ? x.sum(axes: axes) : x.max(axes: axes)]
            }
        }
    }

    static let products: [OpRow] = [
        (1, 1, 1), (13, 17, 7), (2, 1, 5), (17, 3, 1), (32, 48, 16),
        // Large enough to be split: into columns, into columns with a remainder, into rows.
        (100, 70, 192), (70, 260, 117), (700, 120, 8),
        // Deeper than a block of Ganymede's own product, which continues its sums.
        (23, 600, 40),
    ]
    .flatMap { (m: Int, k: Int, n: Int) in
        [(false, false), (false, true), (true, false), (true, true)].map {
            (ta: Bool, tb: Bool) in
            OpRow(
                name: "matmul", shapes: [ta ? [k, m] : [m, k], tb ? [n, k] : [k, n]],
                tolerance: 1e-5
            ) { [$0[0].matmul($0[1], transposeA: ta, transposeB: tb)] }
        }
    }

    static let random: [OpRow] = [
        ("philoxNormal", Distribution.normal), ("philoxUniform", .uniform),
        ("philoxSignedUniform", .signedUniform),
        ("philoxBernoulli", .bernoulli(probability: 0.3)),
    ].flatMap { (name: String, distribution: Distribution) in
        ([[1], [13], [17, 3], [40, 1000]] as [Shape]).map { shape in
            OpRow(name: name, shapes: [shape], derivatives: 0, tolerance: 1e-5) {
                [$0[0].builder.random(distribution, shape, stream: "test")]
            }
        }
    }

    static let fused: [OpRow] =
        biased + gatedConvolutions
        + ([[5, 1], [17, 3], [32, 16], [3, 4, 13], [300, 8], [5, 7, 9, 80]] as [Shape]).flatMap {
            shape in [1, 0.3].flatMap { normalizations(shape, slope: $0) }
        }
        + ([[1], [17, 3], [70, 600]] as [Shape]).map { shape in
            OpRow(
                name: "adam", shapes: [shape, shape, shape, shape, []], range: 0.1...1,
                derivatives: shape.count < 100 ? 2 : 0, tolerance: 1e-5,
                operation: AdamUpdate(beta1: 0.5, beta2: 0.999, epsilon: 1e-7)
            ) {
                $0[0].builder.emitAll(AdamUpdate(beta1: 0.5, beta2: 0.999, epsilon: 1e-7), $0)
            }
        }
        + [
            // From moments of zero. The second moment is scaled so that its last digits are compared.
            OpRow(
                name: "adam", shapes: [[13], [13], [13], [13], []], range: 0.1...1, derivatives: 0
            ) {
                let zeros = $0[2] * 0
                let update = AdamUpdate(beta1: 0.9, beta2: 0.999, epsilon: 1e-7)
                let new = $0[0].builder.emitAll(
                    update, [$0[0], $0[1], zeros, $0[3] * 0, $0[4]])
                return [new[0], new[1], new[2] * 1000]
            }
        ]

    private static func normalizations(_ shape: Shape, slope: Double) -> [OpRow] {
        let channels = Shape([shape.dimensions[shape.rank - 1]])
        let forward = BatchNormTraining(epsilon: 1e-3, slope: slope)
        let backward = BatchNormGradient(epsilon: 1e-3, slope: slope)
        return [
            OpRow(
                name: forward.name, shapes: [shape, channels, channels], tolerance: 1e-5,
                operation: forward
            ) { $0[0].builder.emitAll(forward, $0) },
            OpRow(
                name: backward.name,
                shapes: [shape, shape, channels, channels, channels, channels],
                range: 0.2...1.5, tolerance: 1e-5, operation: backward
            ) { $0[0].builder.emitAll(backward, $0) },
        ]
    }

    static let biased: [OpRow] = biasedConvolutions + biasedProducts

    private static let biasedConvolutions: [OpRow] = [
        (5, 3, 1, 2, 3, 1.0), (6, 5, 2, 3, 16, 0.3), (4, 1, 1, 5, 17, 0.2), (7, 5, 2, 16, 32, 0),
    ].map { (side: Int, size: Int, stride: Int, c: Int, o: Int, slope: Double) -> OpRow in
        let window = Window(
            image: [side, side], size: [size, size], strides: [stride, stride], padding: .same)
        let operation = Biased(Convolution(.forward, window), slope: slope)
        return OpRow(
            name: operation.name, shapes: [[2, side, side, c], [size, size, c, o], [o]],
            tolerance: 1e-5, operation: operation
        ) { $0[0].builder.emitAll(operation, $0) }
    }

    /// Both directions, with images of few and many channels, and windows of one pixel.
    private static let gatedConvolutions: [OpRow] = [
        (7, 3, 1, 8, 16, Convolution.Direction.inputGradient), (9, 4, 2, 17, 33, .inputGradient),
        (6, 1, 1, 16, 8, .inputGradient), (8, 5, 2, 3, 20, .inputGradient),
        (28, 3, 2, 40, 5, .inputGradient), (7, 3, 2, 5, 37, .forward), (6, 3, 1, 1, 16, .forward),
    ].map { (side: Int, size: Int, stride: Int, c: Int, o: Int, direction) -> OpRow in
        let window = Window(
            image: [side, side], size: [size, size], strides: [stride, stride], padding: .same)
        let operation = Gated(Convolution(direction, window), slope: 0.2)
        let made = (side + stride - 1) / stride
        let (image, result): (Shape, Shape) = ([2, side, side, c], [2, made, made, o])
        let isForward = direction == .forward
        return OpRow(
            name: operation.name,
            shapes: [isForward ? image : result, [size, size, c, o], isForward ? result : image],
            tolerance: 1e-5, operation: operation
        ) { $0[0].builder.emitAll(operation, $0) }
    }

    private static let biasedProducts: [OpRow] = [
        (3, 5, 7, 1.0, false), (32, 100, 64, 0.2, false), (17, 16, 1, 0, true),
        (40, 120, 130, 0.2, false), (90, 64, 200, 0.1, true), (50, 530, 37, 0.2, false),
    ].map { (m: Int, k: Int, n: Int, slope: Double, transposed: Bool) -> OpRow in
        let operation = Biased(MatMul(transposeB: transposed), slope: slope)
        return OpRow(
            name: operation.name, shapes: [[m, k], transposed ? [n, k] : [k, n], [n]],
            tolerance: 1e-5, operation: operation
        ) { $0[0].builder.emitAll(operation, $0) }
    }
}
