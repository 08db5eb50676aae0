/// A function of one to three numbers, applied element by element.
package enum ElementwiseFunction: Hashable, Sendable {
    case negate, absolute, sign, exp, log, log1p, sqrt, tanh, sigmoid
    /// x where x > 0, else slope x, with slope >= 0. A slope of 0 is the ReLU.
    case leakyRelu(slope: Double)
    /// Of (g, y): g where y > 0, else slope g. This is the gradient of a leaky ReLU with output y.
    case leakyReluGradient(slope: Double)
    case cast(DType)
    /// x, treated as a constant by gradients.
    case stopGradient
    /// x, copied to memory of its own. Inserted by a pass.
    case copy
    case add, subtract, multiply, divide, maximum, minimum
    case greater, greaterEqual, equal
    /// Binary cross-entropy of the logit x against the target t: max(x, 0) - x t + log(1 + exp(-|x|)).
    case sigmoidCrossEntropy
    /// Of (x, y, z): y where x is true, else z.
    case select

    /// One of each, for the registry.
    package static let examples: [ElementwiseFunction] = [
        .negate, .absolute, .sign, .exp, .log, .log1p, .sqrt, .tanh, .sigmoid,
        .leakyRelu(slope: 0.2), .leakyReluGradient(slope: 0.2), .cast(.int32), .stopGradient, .copy,
        .add, .subtract, .multiply,
        .divide,
        .maximum,
        .minimum, .greater, .greaterEqual, .equal, .sigmoidCrossEntropy, .select,
    ]

    package var name: String {
        switch self {
        case .leakyRelu: "leakyRelu"
        case .leakyReluGradient: "leakyReluGradient"
        case .cast: "cast"
        default: "\(self)"
        }
    }

    package var attributes: String {
        switch self {
        case .leakyRelu(let slope), .leakyReluGradient(let slope): "slope=\(slope)"
        case .cast(.bfloat16): "to=bf16"
        default: ""
        }
    }

    package var arity: Int {
        switch self {
        case .negate, .absolute, .sign, .exp, .log, .log1p, .sqrt, .tanh, .sigmoid, .leakyRelu,
            .cast, .stopGradient, .copy:
            1
        case .select: 3
        default: 2
        }
    }

    /// Reference definition, in double precision.
    package func evaluate(_ x: Double, _ y: Double, _ z: Double) -> Double {
        switch self {
        case .negate: -x
        case .absolute: abs(x)
        case .sign: x > 0 ? 1 : x < 0 ? -1 : x
        case .exp: LibM.exp(x)
        case .log: LibM.log(x)
        case .log1p: LibM.log1p(x)
        case .sqrt: x.squareRoot()
        case .tanh: LibM.tanh(x)
        case .sigmoid: 1 / (1 + LibM.exp(-x))
        case .leakyRelu(let slope): x > 0 ? x : slope * x
        case .leakyReluGradient(let slope): y > 0 ? x : slope * x
        case .stopGradient, .copy: x
        case .cast(let dtype): dtype.rounded(x)
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        case .maximum: x > y || x.isNaN ? x : y
        case .minimum: x < y || x.isNaN ? x : y
        case .greater: x > y ? 1 : 0
        case .greaterEqual: x >= y ? 1 : 0
        case .equal: x == y ? 1 : 0
        case .sigmoidCrossEntropy: max(x, 0) - x * y + LibM.log1p(LibM.exp(-abs(x)))
        case .select: x != 0 ? y : z
        }
    }
}

/// ``ElementwiseFunction`` on tensors of equal shape.
package struct Elementwise: Primitive {
    package let function: ElementwiseFunction

    package init(_ function: ElementwiseFunction) { self.function = function }

    package var name: String { function.name }
    package var attributes: String { function.attributes }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == function.arity, let last = inputs.last else {
            throw GraphFault("\(name) takes \(function.arity) tensors, not \(inputs.count)")
        }
        guard inputs.allSatisfy({ $0.shape == last.shape }) else {
            throw GraphFault("\(name) of different shapes: \(inputs)")
        }
        if case .cast(let dtype) = function { return [TensorType(last.shape, dtype)] }
        let expected: [DType] =
            function == .select
            ? [.bool, .float32, .float32]
            : [DType](repeating: .float32, count: function.arity)
        guard inputs.map(\.dtype) == expected else {
            throw GraphFault("\(name) takes \(expected), not \(inputs)")
        }
        switch function {
        case .greater, .greaterEqual, .equal: return [TensorType(last.shape, .bool)]
        default: return [last]
        }
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let g = context.cotangent()
        let y = context.outputs[0]
        let x = context.inputs[0]
        switch function {
        case .negate: return [-g]
        case .copy: return [g]
        case .absolute: return [g * x.sign()]
        case .exp: return [g * y]
        case .log: return [g / x]
        case .log1p: return [g / (x + 1)]
        case .sqrt: return [g / (y * 2)]
        // In terms of the output, so that the input need not be kept.
        case .tanh: return [g * (1 - y * y)]
        case .sigmoid: return [g * y * (1 - y)]
        case .leakyRelu(let slope): return [g.binary(.leakyReluGradient(slope: slope), y)]
        // The derivative with respect to y is 0, except at y = 0.
        case .leakyReluGradient: return [g.binary(function, context.inputs[1]), nil]
        case .sign, .stopGradient, .greater, .greaterEqual, .equal: return [nil, nil]
        case .cast(let dtype):
            return [dtype.isFloat && x.type.dtype.isFloat ? g.cast(x.type.dtype) : nil]
        case .select:
            return [nil, select(x, g, g * 0), select(x, g * 0, g)]
        case .add, .subtract, .multiply, .divide, .maximum, .minimum, .sigmoidCrossEntropy:
            return binaryGradient(g, x, context.inputs[1], y)
        }
    }

    private func binaryGradient(_ g: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> [Tensor?] {
        switch function {
        case .add: return [g, g]
        case .subtract: return [g, -g]
        case .multiply: return [g * b, g * a]
        case .divide: return [g / b, -(g * y / b)]
        case .maximum: return [select(a .>= b, g, g * 0), select(a .>= b, g * 0, g)]
        case .minimum: return [select(b .>= a, g, g * 0), select(b .>= a, g * 0, g)]
        default: return [g * (a.sigmoid() - b), -(g * a)]  // sigmoidCrossEntropy
        }
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        if !inputs.contains(where: \.isDivided), isLinear(in: inputs) {
            return PlacementRule(inputs, makes: .summands, by: self)
        }
        return placementByRow(inputs)
    }

    /// Whether the result of summands is a summand of the result.
    private func isLinear(in inputs: [Placement]) -> Bool {
        switch function {
        case .negate, .copy, .stopGradient: inputs == [.summands]
        case .add, .subtract: inputs == [.summands, .summands]
        case .multiply: Set(inputs) == [.summands, .everywhere]
        case .divide: inputs == [.summands, .everywhere]
        default: false
        }
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let types = (try? infer(inputs.map(\.type))) ?? [inputs[0].type]
        let x = inputs[0].values
        let y = inputs.count > 1 ? inputs[1].values : x
        let z = inputs.count > 2 ? inputs[2].values : x
        return [ReferenceTensor(types[0], x.indices.map { function.evaluate(x[$0], y[$0], z[$0]) })]
    }
}

extension Elementwise {
    /// Binary cross-entropy composed of other functions, which tests compare with.
    package static func sigmoidCrossEntropyTwin(_ x: Tensor, _ t: Tensor) -> Tensor {
        x.maximum(0) - x * t + (-x.absolute()).exp().log1p()
    }
}
