// The elementwise interpreter: one loop per opcode over a block, so that dispatch costs once per block.
// Included by Loops.h once for each instruction set.

// An instruction never writes a slot that it reads, so the loops need no overlap checks.
#define LOOP _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < n; i++)
#define EACH(expression)                            \
    do {                                            \
        LOOP {                                      \
            float x = a[i];                         \
            (void)x;                                \
            t[i] = (expression);                    \
        }                                           \
    } while (0)

#define EACH2(expression)                           \
    do {                                            \
        LOOP {                                      \
            float x = a[i], y = b[i];               \
            t[i] = (expression);                    \
        }                                           \
    } while (0)

static void K(execute)(const gk_instruction *instruction, float *const *slot, size_t n) {
    float *t = slot[instruction->target];
    const float *a = slot[instruction->a], *b = slot[instruction->b], *c = slot[instruction->c];
    const float immediate = instruction->immediate;
    switch ((gk_opcode)instruction->opcode) {
    case GK_CONSTANT: EACH(immediate); break;
    case GK_COPY: EACH(x); break;
    case GK_NEGATE: EACH(-x); break;
    case GK_ABSOLUTE: EACH(fabsf(x)); break;
    case GK_SIGN: EACH(x > 0 ? 1.0f : x < 0 ? -1.0f : x); break;
    case GK_EXP: EACH(vector_exp(x)); break;
    case GK_LOG: EACH(vector_log(x)); break;
    case GK_LOG1P: EACH(vector_log1p(x)); break;
    case GK_SQRT: EACH(__builtin_elementwise_sqrt(x)); break;
    case GK_TANH: EACH(vector_tanh(x)); break;
    case GK_SIGMOID: EACH(vector_sigmoid(x)); break;
    case GK_LEAKY_RELU: EACH(x > 0 ? x : immediate * x); break;
    case GK_LEAKY_RELU_GRADIENT: EACH2(y > 0 ? x : immediate * x); break;
    case GK_TRUNCATE: EACH(x < 0 ? -__builtin_elementwise_floor(-x) : __builtin_elementwise_floor(x)); break;
    case GK_NOT_ZERO: EACH(x != 0 ? 1.0f : 0.0f); break;
    case GK_ADD: EACH2(x + y); break;
    case GK_SUBTRACT: EACH2(x - y); break;
    case GK_MULTIPLY: EACH2(x * y); break;
    case GK_DIVIDE: EACH2(x / y); break;
    case GK_MAXIMUM: EACH2(x > y || x != x ? x : y); break;
    case GK_MINIMUM: EACH2(x < y || x != x ? x : y); break;
    case GK_GREATER: EACH2(x > y ? 1.0f : 0.0f); break;
    case GK_GREATER_EQUAL: EACH2(x >= y ? 1.0f : 0.0f); break;
    case GK_EQUAL: EACH2(x == y ? 1.0f : 0.0f); break;
    case GK_SIGMOID_CROSS_ENTROPY: EACH2(vector_sigmoid_cross_entropy(x, y)); break;
    case GK_SELECT:
        LOOP t[i] = a[i] != 0 ? b[i] : c[i];
        break;
    case GK_ROUND_BFLOAT16: EACH(from_bfloat16(to_bfloat16(x))); break;
    case GK_BERNOULLI: break;  // depends on the position too: see elementwise
    }
}

static void K(fill)(float *target, float value, size_t n) {
    for (size_t i = 0; i < n; i++) target[i] = value;
}

static void K(load)(float *target, gk_element element, const void *source, size_t offset, size_t n) {
    if (element == GK_INTEGER)
        LOOP target[i] = (float)((const int32_t *)source)[offset + i];
    else
        LOOP target[i] = from_bfloat16(((const uint16_t *)source)[offset + i]);
}

static void K(store)(void *target, gk_element element, const float *source, size_t offset, size_t n) {
    if (element == GK_FLOAT) memcpy((float *)target + offset, source, n * sizeof(float));
    else if (element == GK_INTEGER)
        LOOP((int32_t *)target)[offset + i] = (int32_t)source[i];
    else
        LOOP((uint16_t *)target)[offset + i] = to_bfloat16(source[i]);
}

/// A single element of an operand.
INLINE float K(number)(const gk_operand *in, size_t index) {
    float value;
    if (in->element == GK_FLOAT) return ((const float *)in->data)[index];
    K(load)(&value, (gk_element)in->element, in->data, index, 1);
    return value;
}

/// Rows [row_begin, row_end) and columns [begin, end) of the program.
static void K(elementwise)(const gk_program *p, size_t row_begin, size_t row_end, size_t begin, size_t end) {
    _Alignas(64) float storage[GK_SLOTS][GK_BLOCK];
    float *slot[GK_SLOTS];
    for (int s = 0; s < GK_SLOTS; s++) slot[s] = storage[s];
    for (int i = 0; i < p->constant_count; i++) K(execute)(&p->instructions[i], slot, GK_BLOCK);
    for (int i = 0; i < p->input_count; i++) {
        const gk_operand *in = &p->inputs[i];
        if (in->pattern == GK_SCALAR) K(fill)(storage[in->slot], K(number)(in, 0), GK_BLOCK);
        if (p->wide && in->pattern == GK_ROW)
            for (size_t c = 0; c < GK_BLOCK; c++) storage[in->slot][c] = K(number)(in, c % p->columns);
    }
    size_t stride = p->columns, step = GK_BLOCK;
    if (p->wide) {  // a block of many short rows is processed as one row
        step = GK_BLOCK / p->columns * p->columns;
        begin = row_begin * p->columns;
        end = row_end * p->columns;
        row_begin = stride = 0;
        row_end = 1;
    }
    for (size_t row = row_begin; row < row_end; row++) {
        for (int i = 0; i < p->input_count; i++) {
            const gk_operand *in = &p->inputs[i];
            if (in->pattern == GK_COLUMN) K(fill)(storage[in->slot], K(number)(in, row), GK_BLOCK);
        }
        for (size_t column = begin; column < end; column += step) {
            size_t n = end - column < step ? end - column : step, at = row * stride + column;
            for (int i = 0; i < p->input_count; i++) {
                const gk_operand *in = &p->inputs[i];
                if (in->pattern != GK_FULL && (in->pattern != GK_ROW || p->wide)) continue;
                size_t offset = in->pattern == GK_FULL ? at : column;
                if (in->element == GK_FLOAT) slot[in->slot] = (float *)in->data + offset;
                else K(load)(storage[in->slot], (gk_element)in->element, in->data, offset, n);
            }
            for (int i = 0; i < p->output_count; i++) {
                const gk_operand *out = &p->outputs[i];
                if (out->element == GK_FLOAT && !out->staged) slot[out->slot] = (float *)out->data + at;
            }
            for (int i = p->constant_count; i < p->instruction_count; i++) {
                const gk_instruction *instruction = &p->instructions[i];
                if (instruction->opcode == GK_BERNOULLI)
                    K(bernoulli)(p->key, instruction->stream, instruction->immediate, slot[instruction->target],
                                 instruction->first + at, n);
                else K(execute)(instruction, slot, n);
            }
            for (int i = 0; i < p->output_count; i++) {
                const gk_operand *out = &p->outputs[i];
                if (out->element != GK_FLOAT || out->staged)
                    K(store)(out->data, (gk_element)out->element, slot[out->slot], at, n);
            }
        }
    }
}

#undef EACH
#undef EACH2
#undef LOOP
