// The product of a batch of images with a transposed matrix, such as the gradient of a dense layer's input.
//
// The transposed result is computed: its left matrix, the many rows of b, is then read in place, as their values are used
// once. So b is not packed, which would transpose it. The few rows of a are.

static bool has_transposed(const gk_matrix_product *s) {
    return s->transpose_b && !s->transpose_a && s->rows <= SIDE && s->columns > SIDE && !s->bias && s->slope == 1;
}

typedef struct {
    const gk_matrix_product *shape;
    const char *b;
    char *c;
    amx_matrix a;  ///< as the right matrix
    size_t steps;
} transposed_plan;

/// What is left of the depth, fewer than SIDE numbers: what follows them in memory may be anything.
TARGET_AMX static void multiply_last(const transposed_plan *p, const char *b, size_t rows, const bool two_rows) {
    const gk_matrix_product *s = p->shape;
    _Alignas(64) char left[STEP_BYTES];
    for (size_t r = 0; r < rows; r += TILE_ROWS) {
        floats pairs[LANES];
        load_depths(pairs, b + r * s->depth * 2, s->depth * 2, least(rows - r, TILE_ROWS), s->depth % SIDE);
        store_rows(pairs, LANES, left + r * ROW_BYTES, ROW_BYTES);
    }
    multiply_amx(left, ROW_BYTES, p->a.packed + (p->steps - 1) * STEP_BYTES, 2 * ROW_BYTES, two_rows, true);
}

/// SIDE rows of b times all of a.
TARGET_AMX INLINE void multiply_rows(const transposed_plan *p, size_t first, size_t rows, char *sums, const bool two_rows) {
    const gk_matrix_product *s = p->shape;
    size_t pitch = s->depth * 2, whole = s->depth / SIDE;
    const char *b = p->b + first * pitch;
    zero_amx();
    for (size_t step = 0; step < whole; step++)
        multiply_amx(b + step * ROW_BYTES, pitch, p->a.packed + step * STEP_BYTES, 2 * ROW_BYTES, two_rows, true);
    if (whole < p->steps) multiply_last(p, b + whole * ROW_BYTES, rows, two_rows);
    store_amx(sums, 2 * ROW_BYTES, two_rows, true);
}

/// Stores the sums transposed. Their even columns are the even rows of the result.
TARGET_AMX static void store_transposed(const transposed_plan *p, size_t first, size_t rows, const char *sums) {
    const gk_matrix_product *s = p->shape;
    size_t size = s->result_bfloat16 ? 2 : 4;
    for (size_t r = 0; r < rows; r += TILE_ROWS)
        for (size_t odd = 0; odd < 2; odd++) {
            floats values[LANES];
            mask real = first_lanes(rows - r);
            FULL for (size_t i = 0; i < LANES; i++) values[i] = load(sums + ((r + i) * 2 + odd) * ROW_BYTES);
            transpose(values);
            char *to = p->c + (odd * s->columns + first + r) * size;
            FULL for (size_t i = 0; i < LANES; i++)
                if (2 * i + odd < s->rows) {
                    if (s->result_bfloat16) store_rounded(to + 2 * i * s->columns * size, real, values[i]);
                    else store_lanes(to + 2 * i * s->columns * size, real, values[i]);
                }
        }
}

/// Panels [begin, end) of b's rows. `context` is the plan.
TARGET_AMX static void transposed_part(const void *context, size_t begin, size_t end) {
    const transposed_plan *p = context;
    _Alignas(64) char sums[SIDE * 2 * ROW_BYTES] = {0};
    for (size_t panel = begin; panel < end; panel++) {
        size_t first = panel * SIDE, rows = least(p->shape->columns - first, SIDE);
        configure_amx(rows, SIDE);
        if (rows > TILE_ROWS) multiply_rows(p, first, rows, sums, true);
        else multiply_rows(p, first, rows, sums, false);
        store_transposed(p, first, rows, sums);
    }
    release_amx();
}

/// The scratch memory is that of matrix_product, which packs a, too.
static void transposed_product(const gk_matrix_product *s, const void *a, const void *b, void *c, void *scratch) {
    transposed_plan p = {.shape = s, .b = b, .c = c, .steps = (s->depth + SIDE - 1) / SIDE};
    p.a = (amx_matrix){.from = a, .packed = (char *)round_up((uintptr_t)scratch, ROW_BYTES), .extent = s->rows,
                       .depth = s->depth, .right = true};
    pack_unit(&p.a, p.steps, 0);
    size_t panels = (s->columns + SIDE - 1) / SIDE;
    gk_divide(transposed_part, &p, panels, 1, s->rows * s->columns * s->depth / 1024 + s->columns * s->depth / 4);
}
