/// Several elementwise functions in one pass over memory. Created by the pass `fuse`.
package struct FusedElementwise: Fused {
    /// One function. Its arguments are indices: inputs are counted first, then instructions.
    package struct Instruction: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case constant(Double)
            case function(ElementwiseFunction)
            /// A Bernoulli mask of the fused shape, from the key that is the last input.
            case random(Random)
        }
        package let kind: Kind
        package let arguments: [Int]
        package let type: DType

        package init(_ kind: Kind, _ arguments: [Int] = [], type: DType = .float32) {
            self.kind = kind
            self.arguments = arguments
            self.type = type
        }

        package var isConstant: Bool {
            if case .constant = kind { true } else { false }
        }

        package var function: ElementwiseFunction? {
            if case .function(let function) = kind { function } else { nil }
        }

        package var isRandom: Bool {
            if case .random = kind { true } else { false }
        }
    }

    package let shape: Shape
    /// The number of tensors it reads, without the random key that may follow them.
    package let inputCount: Int
    /// Constants first.
    package let instructions: [Instruction]
    /// The instructions whose results are outputs.
    package let outputs: [Int]

    package var name: String { "fused" }

    package var attributes: String {
        let steps = instructions.enumerated().map { index, instruction in
            let arguments = instruction.arguments.map {
                $0 < inputCount ? "in\($0)" : "t\($0 - inputCount)"
            }
            let words =
                switch instruction.kind {
                case .constant(let value): ["\(value)"]
                case .function(let function): [function.name] + arguments + [function.attributes]
                case .random(let random): [random.name, random.attributes]
                }
            return "t\(index)=" + words.filter { !$0.isEmpty }.joined(separator: " ")
        }
        return "{ " + steps.joined(separator: "; ") + "; out "
            + outputs.map { "t\($0)" }.joined(separator: " ") + " }"
    }

    package var storage: StorageRule {
        .elementwise(shape: shape) { places in
            var instructions = instructions
            let outputs = outputs.enumerated().map { place, output in
                if !places.contains(place) { return output }
                instructions.append(
                    Instruction(
                        .function(.cast(.bfloat16)), [inputCount + output], type: .bfloat16))
                return instructions.count - 1
            }
            return FusedElementwise(
                shape: shape, inputCount: inputCount, instructions: instructions, outputs: outputs)
        }
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard inputs.count == inputCount + (isRandom ? 1 : 0),
            inputs.prefix(inputCount).allSatisfy({ OperandPattern.of($0.shape, in: shape) != nil })
        else { throw GraphFault("fused operation over \(shape) cannot read \(inputs)") }
        return outputs.map { TensorType(shape, instructions[$0].type) }
    }

    package func expand(_ inputs: [Tensor]) -> [Tensor] {
        var values = inputs.prefix(inputCount).map {
            ($0.type.dtype == .bfloat16 ? $0.cast(.float32) : $0).broadcast(to: shape)
        }
        guard let builder = inputs.first?.builder else {
            misuse("a fused operation without inputs")
        }
        for instruction in instructions {
            let arguments = instruction.arguments.map { values[$0] }
            switch instruction.kind {
            case .constant(let value):
                values.append(builder.constant(value).broadcast(to: shape))
            case .function(let function):
                values.append(builder.emitAll(Elementwise(function), arguments)[0])
            case .random(let random):
                values.append(builder.emit(random, inputs[inputCount]).reshape(shape))
            }
        }
        return outputs.map { values[inputCount + $0] }
    }

    package func inPlaceInputs(forOutput output: Int) -> [Int] { Array(0..<inputCount) }

    /// Whether it reads a random key.
    package var isRandom: Bool { instructions.contains { $0.isRandom } }
}

/// How an operand broadcasts to a shape viewed as [rows, columns].
package enum OperandPattern: Hashable, Sendable {
    case full, scalar
    /// The same `columns` values in every row.
    case row(columns: Int)
    /// One value for each row of `columns` elements.
    case column(columns: Int)

    /// The number of columns that the pattern needs, nil if any.
    package var columns: Int? {
        switch self {
        case .full, .scalar: nil
        case .row(let columns), .column(let columns): columns
        }
    }

    /// How `operand` broadcasts to `shape`; nil if by none of these patterns.
    package static func of(_ operand: Shape, in shape: Shape) -> OperandPattern? {
        guard operand.rank <= shape.rank else { return nil }
        if operand.count == shape.count { return .full }
        if operand.count == 1 { return .scalar }
        let padded = operand.padded(toRank: shape.rank)
        for split in 1..<max(shape.rank, 1) {
            let (head, tail) = (padded[..<split], padded[split...])
            let (rows, columns) = (shape.dimensions[..<split], shape.dimensions[split...])
            let count = columns.reduce(1, *)
            if head.allSatisfy({ $0 == 1 }), tail == columns { return .row(columns: count) }
            if tail.allSatisfy({ $0 == 1 }), head == rows { return .column(columns: count) }
        }
        return nil
    }
}
