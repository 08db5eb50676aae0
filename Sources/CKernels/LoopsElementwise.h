// The elementwise interpreter: one loop per opcode over a block, so that dispatch is paid once a block.
// Included by Loops.h, once for each instruction set.

#define EACH(expression)                            \
    do {                                            \
        for (size_t i = 0; i < n; i++) {            \
            float x = a[i];                         \
            (void)x;                                \
            t[i] = (expression);                    \
        }                                           \
    } while (0)

#define EACH2(expression)                           \
    do {                                            \
        for (size_t i = 0; i < n; i++) {            \
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
        for (size_t i = 0; i < n; i++) t[i] = a[i] != 0 ? b[i] : c[i];
        break;
    }
}

static void K(fill)(float *target, float value, size_t n) {
    for (size_t i = 0; i < n; i++) target[i] = value;
}

static void K(from_integers)(float *target, const int32_t *source, size_t n) {
    for (size_t i = 0; i < n; i++) target[i] = (float)source[i];
}

static void K(to_integers)(int32_t *target, const float *source, size_t n) {
    for (size_t i = 0; i < n; i++) target[i] = (int32_t)source[i];
}

/// Rows [row_begin, row_end) and columns [begin, end) of the program.
static void K(elementwise)(const gk_program *p, size_t row_begin, size_t row_end, size_t begin, size_t end) {
    _Alignas(64) float storage[GK_SLOTS][GK_BLOCK];
    float *slot[GK_SLOTS];
    for (int s = 0; s < GK_SLOTS; s++) slot[s] = storage[s];
    for (int i = 0; i < p->constant_count; i++) K(execute)(&p->instructions[i], slot, GK_BLOCK);
    for (int i = 0; i < p->input_count; i++) {
        const gk_operand *in = &p->inputs[i];
        if (in->pattern != GK_SCALAR) continue;
        float value = in->integer ? (float)*(const int32_t *)in->data : *(const float *)in->data;
        K(fill)(storage[in->slot], value, GK_BLOCK);
    }
    for (size_t row = row_begin; row < row_end; row++) {
        for (int i = 0; i < p->input_count; i++) {
            const gk_operand *in = &p->inputs[i];
            if (in->pattern != GK_COLUMN) continue;
            float value = in->integer ? (float)((const int32_t *)in->data)[row] : ((const float *)in->data)[row];
            K(fill)(storage[in->slot], value, GK_BLOCK);
        }
        for (size_t column = begin; column < end; column += GK_BLOCK) {
            size_t n = end - column < GK_BLOCK ? end - column : GK_BLOCK;
            for (int i = 0; i < p->input_count; i++) {
                const gk_operand *in = &p->inputs[i];
                if (in->pattern != GK_FULL && in->pattern != GK_ROW) continue;
                size_t offset = in->pattern == GK_FULL ? row * p->columns + column : column;
                if (in->integer) K(from_integers)(storage[in->slot], (const int32_t *)in->data + offset, n);
                else slot[in->slot] = (float *)in->data + offset;
            }
            for (int i = 0; i < p->output_count; i++) {
                const gk_operand *out = &p->outputs[i];
                if (!out->integer && !out->staged)
                    slot[out->slot] = (float *)out->data + row * p->columns + column;
            }
            for (int i = p->constant_count; i < p->instruction_count; i++)
                K(execute)(&p->instructions[i], slot, n);
            for (int i = 0; i < p->output_count; i++) {
                const gk_operand *out = &p->outputs[i];
                size_t offset = row * p->columns + column;
                if (out->integer) K(to_integers)((int32_t *)out->data + offset, slot[out->slot], n);
                else if (out->staged) memcpy((float *)out->data + offset, slot[out->slot], n * sizeof(float));
            }
        }
    }
}

#undef EACH
#undef EACH2
