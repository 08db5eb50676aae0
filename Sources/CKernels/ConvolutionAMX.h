// The innermost loop of a convolution of bfloat16: one tile of the result in the matrix registers. No pair spans two taps.

enum { CONVOLUTION_VECTORS = SIDE / LANES };

static size_t tile_places(size_t vectors, size_t image) {
    (void)vectors, (void)image;
    return SIDE;
}

/// The last elements of a row of the window, fewer than TILE_PAIRS. What follows them in memory may be anything.
TARGET_AMX static void multiply_rest(const convolution_tile *t, const char *image, const uint32_t *packed, size_t elements,
                                     size_t places, const bool two_rows, const bool two_columns) {
    _Alignas(64) char left[STEP_BYTES], right[STEP_BYTES];
    size_t width = two_columns ? 2 : 1;
    mask real = first_lanes(elements);
    for (size_t m = 0; m < places; m++) store(left + m * ROW_BYTES, load_lanes(real, image + m * t->pitch));
    for (size_t i = 0; i < TILE_PAIRS * width; i++)
        store(right + i * ROW_BYTES, i < elements * width ? load(packed + i * LANES) : zeros());
    multiply_amx(left, ROW_BYTES, right, width * ROW_BYTES, two_rows, two_columns);
}

TARGET_AMX INLINE void matrix_tile(const convolution_tile *t, size_t places, const bool two_rows, const bool two_columns) {
    const size_t width = two_columns ? 2 : 1;
    zero_amx();
    for (size_t i = 0; i < t->rows; i++) {
        const char *image = t->image + i * t->row;
        const uint32_t *packed = t->packed + i * t->packed_row;
        size_t e = t->elements;
        for (; e >= TILE_PAIRS; e -= TILE_PAIRS, image += ROW_BYTES, packed += TILE_PAIRS * width * LANES)
            multiply_amx(image, t->pitch, (const char *)packed, width * ROW_BYTES, two_rows, two_columns);
        if (e > 0) multiply_rest(t, image, packed, e, places, two_rows, two_columns);
    }
    _Alignas(64) char sums[SIDE * CONVOLUTION_VECTORS * ROW_BYTES];
    store_amx(sums, width * ROW_BYTES, two_rows, two_columns);
    amx_result result = {t->result, t->result_pitch, t->last, t->result_bfloat16, t->bias, t->slope};
    finish_amx(&result, sums, places, width, false);
}

TARGET_AMX static void run_tile(bool bfloat16, size_t places, size_t vectors, const convolution_tile *t) {
    (void)bfloat16;
    configure_amx(places, SIDE);
#define CALL(TWO_ROWS, TWO_COLUMNS) matrix_tile(t, places, TWO_ROWS, TWO_COLUMNS)
    BY_HALVES(places, vectors * LANES, CALL);
#undef CALL
}

static void end_tiles(void) { release_amx(); }
