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
        case .leakyReluGradient: GK_LEAKY_RELU_GRADIENT
        case .cast(.float32), .stopGradient, .copy: GK_COPY
        case .cast(.int32): GK_TRUNCATE
        case .cast(.bool): GK_NOT_ZERO
        case .cast(.bfloat16): GK_ROUND_BFLOAT16
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
        switch self {
        case .leakyRelu(let slope), .leakyReluGradient(let slope): Float(slope)
        default: 0
        }
    }
}

extension Elementwise: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let arity = function.arity
        let single = FusedElementwise(
            shape: types.outputs[0].shape, inputCount: arity,
            instructions: [
                .init(.function(function), Array(0..<arity), type: types.outputs[0].dtype)
            ], outputs: [0])
        return try single.makeKernel(types)
    }
}

extension FusedElementwise: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        ElementwiseKernel(self, types)
    }
}

/// Translates the instructions to those of the C interpreter, which works on numbered slots.
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
        inputs = .allocate(capacity: fused.inputCount)
        outputs = .allocate(capacity: types.outputs.count)
    }

    deinit {
        instructions.deallocate()
        inputs.deallocate()
        outputs.deallocate()
    }

    func bind(_ memory: KernelMemory) throws {
        let patterns = types.inputs.prefix(fused.inputCount).map {
            OperandPattern.of($0.shape, in: fused.shape) ?? .full
        }
        let columns = Set(patterns.compactMap(\.columns))
        if columns.count > 1 { misuse("fused operands repeat in different ways: \(types.inputs)") }
        let count = fused.shape.count
        let width = columns.first ?? Swift.max(count, 1)
        let slots = SlotAssignment(fused)
        for (index, number) in slots.run.enumerated() {
            instructions[index] = fused.instructions[number].code(
                target: slots[fused.inputCount + number],
                fused.instructions[number].arguments.map { slots[$0] })
        }
        for index in patterns.indices {
            inputs[index] = gk_operand(
                data: memory.inputs[index], slot: Int32(index),
                pattern: Int32(patterns[index].code.rawValue),
                element: Int32(types.inputs[index].dtype.element.rawValue), staged: false)
        }
        for (index, output) in fused.outputs.enumerated() {
            // An output that overwrites an input is stored only after the whole block has been read.
            let staged = memory.inputs.contains(memory.outputs[index])
            outputs[index] = gk_operand(
                data: memory.outputs[index], slot: Int32(slots[fused.inputCount + output]),
                pattern: Int32(GK_FULL.rawValue),
                element: Int32(types.outputs[index].dtype.element.rawValue), staged: staged)
        }
        let key = fused.isRandom ? memory.inputs.last : nil
        program = gk_program(
            rows: width == 0 ? 0 : count / width, columns: width,
            constant_count: Int32(fused.instructions.prefix { $0.isConstant }.count),
            instruction_count: Int32(slots.run.count), input_count: Int32(inputs.count),
            output_count: Int32(outputs.count), instructions: instructions.baseAddress,
            inputs: inputs.baseAddress, outputs: outputs.baseAddress,
            key: UnsafePointer(key?.assumingMemoryBound(to: UInt32.self)),
            wide: 2 * width <= Int(GK_BLOCK)
                && !patterns.contains { if case .column = $0 { true } else { false } })
    }

    func run() -> Bool {
        gk_elementwise(&program)
        return true
    }
}

extension FusedElementwise.Instruction {
    fileprivate func code(target: Int, _ arguments: [Int]) -> gk_instruction {
        let slots = (arguments + [0, 0, 0]).map(Int32.init)
        var made = gk_instruction(
            opcode: 0, target: Int32(target), a: slots[0], b: slots[1], c: slots[2], immediate: 0,
            stream: 0, first: 0)
        switch kind {
        case .constant(let value):
            made.opcode = Int32(GK_CONSTANT.rawValue)
            made.immediate = Float(value)
        case .function(let function):
            made.opcode = Int32(function.opcode.rawValue)
            made.immediate = function.immediate
        case .random(let random):
            made.opcode = Int32(GK_BERNOULLI.rawValue)
            made.immediate = random.distribution.code.parameter
            made.stream = random.streamNumber
            made.first = random.first
        }
        return made
    }
}

/// A slot for each input and instruction. Temporaries reuse slots after the last read.
private struct SlotAssignment {
    private var slots: [Int]
    /// The instructions that run, without the rounding of outputs: that happens when they are stored.
    let run: [Int]

    subscript(number: Int) -> Int { slots[number] }

    init(_ fused: FusedElementwise) {
        let (inputCount, instructions) = (fused.inputCount, fused.instructions)
        var lastRead = [Int](repeating: -1, count: inputCount + instructions.count)
        for (index, instruction) in instructions.enumerated() {
            for argument in instruction.arguments { lastRead[argument] = index }
        }
        let storedRounded = Set(
            fused.outputs.filter {
                instructions[$0].function == .cast(.bfloat16) && lastRead[inputCount + $0] < 0
            })
        run = instructions.indices.filter { !storedRounded.contains($0) }
        let kept = Set(fused.outputs.map { inputCount + $0 })
            .union(storedRounded.map { instructions[$0].arguments[0] })
        slots = Array(0..<inputCount)
        var free: [Int] = []
        var next = inputCount
        for (index, instruction) in instructions.enumerated() {
            if storedRounded.contains(index) {
                slots.append(slots[instruction.arguments[0]])
                continue
            }
            // Constants are written once, and outputs are not temporaries: neither reuses a slot.
            if !instruction.isConstant, !kept.contains(inputCount + index),
                let slot = free.popLast()
            {
                slots.append(slot)
            } else {
                slots.append(next)
                next += 1
            }
            for argument in Set(instruction.arguments)
            where argument >= inputCount && lastRead[argument] == index
                && !kept.contains(argument)
                && !instructions[argument - inputCount].isConstant
            {
                free.append(slots[argument])
            }
        }
        if next > Int(GK_SLOTS) { misuse("a fused operation needs \(next) slots") }
    }
}

extension DType {
    /// Its representation in memory.
    var element: gk_element {
        switch self {
        case .float32, .bool: GK_FLOAT
        case .bfloat16: GK_BFLOAT16
        case .int32: GK_INTEGER
        }
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
