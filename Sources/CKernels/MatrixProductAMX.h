// The product of two matrices of bfloat16 in the matrix registers.
//
// Both matrices are packed in the order in which tiles of 32 rows and columns read them; but a left matrix whose values are
// used once, as the right one has at most 32 columns, is read in place. If the left matrix has few rows, such as a batch of
// images, whoever multiplies a strip of the right one packs it first, and it never leaves the thread's caches. Otherwise both
// are packed ahead, and rows of the result are written in runs that are as long as the second-level cache lets the right
// matrix be wide.

enum {
    CACHED_STEPS = (512 << 10) / STEP_BYTES,  ///< of strips that stay in the second-level cache
    TOGETHER = 16,                            ///< panels that are packed at once if rows of memory run across them
    FEW_PANELS = 8,                           ///< of the left matrix
    OWN_STRIPS = 4,                           ///< strips that a thread packs and multiplies at once
    OWN_STEPS = (256 << 10) / STEP_BYTES      ///< of those
};

/// A matrix that is packed: the left one in panels of rows, the right one in strips of columns.
typedef struct {
    const char *from;
    char *packed;        ///< left: [panel][step][row][pair], right: [panel][step][pair][column]; NULL if read in place
    size_t extent;       ///< rows of the left matrix, columns of the right one
    size_t depth;
    bool right, across;  ///< across: rows of memory run across panels, and a pair is in two of them
} amx_matrix;

typedef struct {
    const gk_matrix_product *shape;
    amx_matrix a, b;
    char *c;
    size_t steps;
    size_t groups, bands;  ///< of b's strips, and of a's panels
    bool packs_own;        ///< whether a thread packs the strips that it multiplies
} amx_product;

static size_t panels_of(const amx_matrix *m) { return (m->extent + SIDE - 1) / SIDE; }

/// 16 rows of up to SIDE depths, which are next to each other.
TARGET_AMX INLINE void load_depths(floats pairs[LANES], const char *from, size_t pitch, size_t rows, size_t depths) {
    __mmask32 real = _bzhi_u32(0xFFFFFFFF, (unsigned)least(depths, SIDE));
    FULL for (size_t i = 0; i < LANES; i++)
        pairs[i] = _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(i < rows ? real : 0, from + i * pitch));
}

/// Packs a step of a panel of the left matrix. What lies outside the matrix is 0 if it is read at all.
TARGET_AMX static void pack_left(const amx_matrix *m, size_t panel, size_t step, char *to) {
    size_t from = step * SIDE, depths = m->depth - from;
    for (size_t at = panel * SIDE; at < least((panel + 1) * SIDE, m->extent); at += TILE_ROWS, to += TILE_ROWS * ROW_BYTES) {
        size_t count = least(m->extent - at, TILE_ROWS);
        floats pairs[LANES];
        if (m->across) {
            load_row_pairs(pairs, m->from + (from * m->extent + at) * 2, m->extent * 2, depths, count);
            transpose(pairs);
        } else load_depths(pairs, m->from + (at * m->depth + from) * 2, m->depth * 2, count, depths);
        store_rows(pairs, LANES, to, ROW_BYTES);
    }
}

/// Stores the pairs of two rows of memory: those of even columns, and then those of odd ones. So no lane moves, which would
/// take the one port that can move them.
TARGET_AMX INLINE void store_row_pairs(char *to, __m512i low, __m512i high) {
    const __mmask32 upper = 0xAAAAAAAA;  // halves of pairs
    _mm512_storeu_si512(to, _mm512_mask_blend_epi16(upper, low, _mm512_slli_epi32(high, 16)));
    _mm512_storeu_si512(to + ROW_BYTES, _mm512_mask_blend_epi16(upper, _mm512_srli_epi32(low, 16), high));
}

/// Packs rows of memory across a strip. If they are `whole`, there are SIDE rows of SIDE columns.
TARGET_AMX INLINE void pack_rows(const char *from, size_t pitch, size_t rows, size_t columns, char *to, const bool whole) {
    __mmask32 real = _bzhi_u32(0xFFFFFFFF, (unsigned)columns);
    FULL for (size_t k = 0; k < SIDE; k += 2, to += 2 * ROW_BYTES) {
        const char *low = from + k * pitch, *high = low + pitch;
        if (whole) store_row_pairs(to, _mm512_loadu_si512(low), _mm512_loadu_si512(high));
        else store_row_pairs(to, _mm512_maskz_loadu_epi16(k < rows ? real : 0, low),
                             _mm512_maskz_loadu_epi16(k + 1 < rows ? real : 0, high));
    }
}

/// Packs a step of a strip of the right matrix, with zeros outside the matrix: a tile of its even columns, one of its odd
/// ones.
TARGET_AMX static void pack_right(const amx_matrix *m, size_t strip, size_t step, char *to) {
    size_t from = step * SIDE, at = strip * SIDE, depths = least(m->depth - from, SIDE), columns = least(m->extent - at, SIDE);
    if (m->across) {
        size_t pitch = m->extent * 2;
        const char *source = m->from + from * pitch + at * 2;
        if (columns == SIDE && depths == SIDE) pack_rows(source, pitch, SIDE, SIDE, to, true);
        else pack_rows(source, pitch, depths, columns, to, false);
        return;
    }
    size_t pitch = m->depth * 2;
    for (size_t half = 0; half < 2; half++, to += ROW_BYTES) {
        floats pairs[LANES];
        load_depths(pairs, m->from + (at + half) * pitch + from * 2, 2 * pitch, (columns + 1 - half) / 2, depths);
        transpose(pairs);
        store_rows(pairs, LANES, to, 2 * ROW_BYTES);
    }
}

/// Units of packing: a panel, or a step of TOGETHER panels.
static size_t packing_units(const amx_matrix *m, size_t steps) {
    if (!m->packed) return 0;
    return m->across ? steps * ((panels_of(m) + TOGETHER - 1) / TOGETHER) : panels_of(m);
}

static void pack_unit(const amx_matrix *m, size_t steps, size_t unit) {
    size_t panels = panels_of(m), first = m->across ? unit / steps * TOGETHER : unit;
    size_t last = m->across ? least(first + TOGETHER, panels) : first + 1;
    size_t begin = m->across ? unit % steps : 0, end = m->across ? begin + 1 : steps;
    for (size_t panel = first; panel < last; panel++)
        for (size_t step = begin; step < end; step++)
            (m->right ? pack_right : pack_left)(m, panel, step, m->packed + (panel * steps + step) * STEP_BYTES);
}

/// Units of a, and then of b. `context` is the plan.
static void pack_matrices(const void *context, size_t begin, size_t end) {
    const amx_product *p = context;
    size_t left = packing_units(&p->a, p->steps);
    for (size_t unit = begin; unit < end; unit++)
        if (unit < left) pack_unit(&p->a, p->steps, unit);
        else pack_unit(&p->b, p->steps, unit - left);
}

TARGET_AMX INLINE void multiply_panel(const amx_product *p, size_t panel, const char *b, char *sums, const bool two_rows) {
    bool in_place = !p->a.packed;
    size_t depth = p->shape->depth * 2, pitch = in_place ? depth : ROW_BYTES, next = in_place ? ROW_BYTES : STEP_BYTES;
    const char *a = in_place ? p->a.from + panel * SIDE * depth : p->a.packed + panel * p->steps * STEP_BYTES;
    zero_amx();
    for (size_t step = 0; step < p->steps; step++, a += next, b += STEP_BYTES)
        multiply_amx(a, pitch, b, 2 * ROW_BYTES, two_rows, true);
    store_amx(sums, 2 * ROW_BYTES, two_rows, true);
}

/// Whether the result is the sums.
static bool is_plain(const gk_matrix_product *s) { return !s->result_bfloat16 && !s->bias && s->slope == 1; }

/// A panel of a times strips [begin, end) of b, which are packed at `packed`.
TARGET_AMX static void multiply_strips(const amx_product *p, size_t panel, size_t begin, size_t end, const char *packed) {
    const gk_matrix_product *s = p->shape;
    _Alignas(64) char sums[SIDE * 2 * ROW_BYTES];
    size_t rows = least(s->rows - panel * SIDE, SIDE), size = s->result_bfloat16 ? 2 : 4;
    configure_amx(rows, SIDE);
    for (size_t strip = begin; strip < end; strip++, packed += p->steps * STEP_BYTES) {
        size_t column = strip * SIDE, columns = least(s->columns - column, SIDE);
        if (rows > TILE_ROWS) multiply_panel(p, panel, packed, sums, true);
        else multiply_panel(p, panel, packed, sums, false);
        char *to = p->c + (panel * SIDE * s->columns + column) * size;
        if (columns == SIDE && is_plain(s)) {
            store_split(sums, rows, to, s->columns * size);
            continue;
        }
        bool two_vectors = columns > LANES;
        amx_result result = {.to = to, .pitch = s->columns * size, .last = two_vectors ? columns - LANES : columns,
                             .bfloat16 = s->result_bfloat16, .bias = s->bias ? s->bias + column : NULL, .slope = s->slope};
        finish_amx(&result, sums, rows, two_vectors ? 2 : 1, true);
    }
}

/// Units are [group of strips][band of panels]. `context` is the plan.
TARGET_AMX static void multiply_amx_units(const void *context, size_t begin, size_t end) {
    const amx_product *p = context;
    size_t panels = panels_of(&p->a), strips = panels_of(&p->b);
    for (size_t unit = begin; unit < end; unit++) {
        size_t group = unit / p->bands, band = unit % p->bands;
        size_t first = strips * group / p->groups, last = strips * (group + 1) / p->groups;
        for (size_t panel = panels * band / p->bands; panel < panels * (band + 1) / p->bands; panel++)
            multiply_strips(p, panel, first, last, p->b.packed + first * p->steps * STEP_BYTES);
    }
    release_amx();
}

/// Units are groups of strips, which this thread packs. `context` is the plan.
TARGET_AMX static void multiply_own_strips(const void *context, size_t begin, size_t end) {
    const amx_product *p = context;
    _Alignas(64) char packed[OWN_STEPS * STEP_BYTES];
    size_t strips = panels_of(&p->b), last = strips * end / p->groups, together = least(OWN_STRIPS, OWN_STEPS / p->steps);
    for (size_t at = strips * begin / p->groups; at < last; at += together) {
        size_t after = least(at + together, last);
        for (size_t step = 0; step < p->steps; step++)
            for (size_t strip = at; strip < after; strip++)
                pack_right(&p->b, strip, step, packed + ((strip - at) * p->steps + step) * STEP_BYTES);
        for (size_t panel = 0; panel < panels_of(&p->a); panel++) multiply_strips(p, panel, at, after, packed);
    }
    release_amx();
}

static bool reads_in_place(const gk_matrix_product *s) {
    return !s->transpose_a && s->columns <= SIDE && s->depth % SIDE == 0;
}

static size_t packed_bytes(const amx_product *p, const amx_matrix *m) { return panels_of(m) * p->steps * STEP_BYTES; }

static amx_product plan_product(const gk_matrix_product *s) {
    amx_product p = {.shape = s, .steps = (s->depth + SIDE - 1) / SIDE,
                     .a = {.extent = s->rows, .depth = s->depth, .across = s->transpose_a},
                     .b = {.extent = s->columns, .depth = s->depth, .right = true, .across = !s->transpose_b}};
    size_t panels = panels_of(&p.a), strips = panels_of(&p.b), wanted = 4 * (size_t)gk_threads();
    size_t wide = p.steps > CACHED_STEPS ? 1 : CACHED_STEPS / p.steps;
    p.packs_own = panels <= FEW_PANELS && p.steps <= OWN_STEPS && (panels == 1 || 2 * strips >= wanted);
    if (p.packs_own) {
        p.groups = least(strips, wanted);
        return p;
    }
    p.groups = (strips + wide - 1) / wide;
    p.bands = least((wanted + p.groups - 1) / p.groups, panels);
    if (p.groups * p.bands < wanted) p.groups = least((wanted + p.bands - 1) / p.bands, strips);
    return p;
}

/// For all of b, too: whether a thread packs its own strips depends on the number of threads, which may change.
static size_t matrix_product_scratch(const gk_matrix_product *s) {
    amx_product p = plan_product(s);
    return (reads_in_place(s) ? 0 : packed_bytes(&p, &p.a)) + packed_bytes(&p, &p.b) + ROW_BYTES;
}

static void matrix_product(const gk_matrix_product *s, const void *a, const void *b, void *c, void *scratch) {
    amx_product p = plan_product(s);
    p.a.from = a;
    p.b.from = b;
    p.c = c;
    char *packed = (char *)round_up((uintptr_t)scratch, ROW_BYTES);
    if (!reads_in_place(s)) p.a.packed = packed;
    if (!p.packs_own) p.b.packed = packed + (p.a.packed ? packed_bytes(&p, &p.a) : 0);
    size_t units = packing_units(&p.a, p.steps) + packing_units(&p.b, p.steps);
    gk_divide(pack_matrices, &p, units, 1, (s->rows + (p.packs_own ? 0 : s->columns)) * s->depth / 4);
    // A core does some 1,000 of these multiply-adds while it handles an element of other loops.
    size_t work = s->rows * s->columns * s->depth / 1024 + s->rows * s->columns / 4;
    if (p.packs_own) gk_divide(multiply_own_strips, &p, p.groups, 1, work + s->columns * s->depth / 4);
    else gk_divide(multiply_amx_units, &p, p.groups * p.bands, 1, work);
}
