import CKernels

extension ElementwiseFunction {
    var opcode: gk_opcode {
        switch self {
        case .negate: GK_NEGATE
        case .absolute: GK_ABSOLUTE
        case .sign: GK_SIGN
        case .exp: GK_EXP
        case .log: GK_LOG
        case .log1p: GK_LOG1P
        case .sqrt: GK_SQRT
        case .tanh: GK_TANH
        case .sigmoid: GK_SIGMOID
        case .leakyRelu: GK_LEAKY_RELU
        case .cast(.float32), .stopGradient, .copy: GK_COPY
        case .cast(.int32): GK_TRUNCATE
        case .cast(.bool): GK_NOT_ZERO
        case .add: GK_ADD
        case .subtract: GK_SUBTRACT
        case .multiply: GK_MULTIPLY
        case .divide: GK_DIVIDE
        case .maximum: GK_MAXIMUM
        case .minimum: GK_MINIMUM
        case .greater: GK_GREATER
        case .greaterEqual: GK_GREATER_EQUAL
        case .equal: GK_EQUAL
        case .sigmoidCrossEntropy: GK_SIGMOID_CROSS_ENTROPY
        case .select: GK_SELECT
        }
    }

    var immediate: Float {
        if case .leakyRelu(let slope) = self { return Float(slope) }
        return 0
    }
}

extension Elementwise {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let arity = function.arity
        let single = FusedElementwise(
            shape: types.outputs[0].shape, inputCount: arity,
            instructions: [
                .init(
                    function: function, constant: 0, arguments: Array(0..<arity),
                    type: types.outputs[0].dtype)
            ], outputs: [0])
        return try single.makeKernel(types)
    }
}

extension FusedElementwise {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        ElementwiseKernel(self, types)
    }
}

/// Translates the expression to slots of the C interpreter.
private final class ElementwiseKernel: Kernel {
    let implementation = "ganymede:elementwise"
    private let fused: FusedElementwise
    private let types: KernelTypes
    private let instructions: UnsafeMutableBufferPointer<gk_instruction>
    private let inputs: UnsafeMutableBufferPointer<gk_operand>
    private let outputs: UnsafeMutableBufferPointer<gk_operand>
    private var program = gk_program()

    init(_ fused: FusedElementwise, _ types: KernelTypes) {
        self.fused = fused
        self.types = types
        instructions = .allocate(capacity: fused.instructions.count)
        inputs = .allocate(capacity: types.inputs.count)
        outputs = .allocate(capacity: types.outputs.count)
    }

    deinit {
        instructions.deallocate()
        inputs.deallocate()
        outputs.deallocate()
    }

    func bind(_ memory: KernelMemory) throws {
        let patterns = types.inputs.map { OperandPattern.of($0.shape, in: fused.shape) ?? .full }
        let columns = Set(patterns.compactMap(\.columns))
        if columns.count > 1 { misuse("fused operands repeat in different ways: \(types.inputs)") }
        let count = fused.shape.count
        let width = columns.first ?? Swift.max(count, 1)
        let slots = assignSlots()
        for (index, instruction) in fused.instructions.enumerated() {
            let arguments = (instruction.arguments + [0, 0, 0]).map { Int32(slots[$0]) }
            instructions[index] = gk_instruction(
                opcode: Int32((instruction.function?.opcode ?? GK_CONSTANT).rawValue),
                target: Int32(slots[fused.inputCount + index]),
                a: arguments[0], b: arguments[1], c: arguments[2],
                immediate: instruction.function?.immediate ?? Float(instruction.constant))
        }
        for index in types.inputs.indices {
            inputs[index] = gk_operand(
                data: memory.inputs[index], slot: Int32(index),
                pattern: Int32(patterns[index].code.rawValue),
                integer: types.inputs[index].dtype == .int32, staged: false)
        }
        for (index, output) in fused.outputs.enumerated() {
            // A block that overwrites an input is stored only when all has been read.
            let staged = memory.inputs.contains(memory.outputs[index])
            outputs[index] = gk_operand(
                data: memory.outputs[index], slot: Int32(slots[fused.inputCount + output]),
                pattern: Int32(GK_FULL.rawValue),
                integer: types.outputs[index].dtype == .int32, staged: staged)
        }
        program = gk_program(
            rows: width == 0 ? 0 : count / width, columns: width,
            constant_count: Int32(fused.instructions.prefix { $0.function == nil }.count),
            instruction_count: Int32(instructions.count), input_count: Int32(inputs.count),
            output_count: Int32(outputs.count), instructions: instructions.baseAddress,
            inputs: inputs.baseAddress, outputs: outputs.baseAddress)
    }

    func run() -> Bool {
        gk_elementwise(&program)
        return true
    }

    /// A slot for each input and instruction; temporaries share slots once they have been read.
    private func assignSlots() -> [Int] {
        let total = fused.inputCount + fused.instructions.count
        var lastRead = [Int](repeating: -1, count: total)
        for (index, instruction) in fused.instructions.enumerated() {
            for argument in instruction.arguments { lastRead[argument] = index }
        }
        let kept = Set(fused.outputs.map { fused.inputCount + $0 })
        var slots = Array(0..<fused.inputCount)
        var free: [Int] = []
        var next = fused.inputCount
        for (index, instruction) in fused.instructions.enumerated() {
            let own = fused.inputCount + index
            // Constants are written once, outputs are not temporaries: neither shares.
            if instruction.function != nil, !kept.contains(own), let slot = free.popLast() {
                slots.append(slot)
            } else {
                slots.append(next)
                next += 1
            }
            for argument in Set(instruction.arguments)
            where argument >= fused.inputCount && lastRead[argument] == index
                && !kept.contains(argument)
                && fused.instructions[argument - fused.inputCount].function != nil
            {
                free.append(slots[argument])
            }
        }
        if next > Int(GK_SLOTS) { misuse("a fused operation needs \(next) slots") }
        return slots
    }
}

extension OperandPattern {
    var code: gk_pattern {
        switch self {
        case .full: GK_FULL
        case .scalar: GK_SCALAR
        case .row: GK_ROW
        case .column: GK_COLUMN
        }
    }
}
