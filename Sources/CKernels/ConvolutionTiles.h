// The innermost loop of a convolution: one tile of the result, in registers.

enum {
    CONVOLUTION_VECTORS = TILE_VECTORS,  ///< the most in a tile
    ALIASED = 4096,  ///< distance in bytes at which the places of a tile share one set of the first-level cache
    WAYS = 8  ///< of that cache
};

/// The places of the largest tile with so many vectors, for images of so many bytes.
static size_t tile_places(size_t vectors, size_t image) {
    return image % ALIASED == 0 ? least(most_places[vectors], WAYS) : most_places[vectors];
}

#define STEP(NAME, TARGET, SPREAD, LOAD, MULTIPLY)                                                              \
    TARGET INLINE void NAME(floats sum[TILE_PLACES][TILE_VECTORS], const char *image, size_t pitch,             \
                            const uint32_t *packed, const int what, const int places, const int vectors) {      \
        (void)what;                                                                                             \
        floats right[TILE_VECTORS];                                                                             \
        FULL for (int v = 0; v < vectors; v++) right[v] = LOAD(packed + v * LANES);                             \
        FULL for (int m = 0; m < places; m++) {                                                                 \
            floats left = SPREAD(image + (size_t)m * pitch);                                                    \
            FULL for (int v = 0; v < vectors; v++) sum[m][v] = MULTIPLY(left, right[v], sum[m][v]);             \
        }                                                                                                       \
    }

#define FINISH(NAME, TARGET, SIZE, STORE)                                                                       \
    TARGET INLINE void NAME(floats sum[TILE_PLACES][TILE_VECTORS], const convolution_tile *t, const int places, \
                            const int vectors) {                                                                \
        mask all = first_lanes(LANES), last = first_lanes(t->last);                                             \
        floats bias[TILE_VECTORS];                                                                              \
        FULL for (int v = 0; v < vectors; v++)                                                                  \
            bias[v] = t->bias ? load_lanes(v == vectors - 1 ? last : all, t->bias + v * LANES) : zeros();       \
        FULL for (int m = 0; m < places; m++)                                                                   \
            FULL for (int v = 0; v < vectors; v++) {                                                            \
                size_t at = (size_t)m * t->result_pitch + (size_t)v * LANES * SIZE;                             \
                bool whole = v < vectors - 1 || t->last == LANES; /* a constant mask costs less */              \
                floats value = add(sum[m][v], bias[v]);                                                         \
                floats sign = t->gate ? load_lanes(whole ? all : last, t->gate + at) : value;                   \
                value = leaky(value, sign, t->slope);                                                           \
                if (whole) STORE(t->result + at, all, value);                                                   \
                else STORE(t->result + at, last, value);                                                        \
            }                                                                                                   \
    }

#define TILE(NAME, TARGET, HALVES, STEP_OF, FINISH_OF)                                                          \
    TARGET INLINE void NAME(const convolution_tile *t, const int places, const int vectors) {                   \
        floats sum[TILE_PLACES][TILE_VECTORS];                                                                  \
        FULL for (int m = 0; m < places; m++)                                                                   \
            FULL for (int v = 0; v < vectors; v++) sum[m][v] = zeros();                                         \
        size_t pitch = t->pitch;                                                                                \
        if (t->gate) /* read at the end, from a cache far away */                                               \
            FULL for (int m = 0; m < places; m++) __builtin_prefetch(t->gate + (size_t)m * t->result_pitch);    \
        for (size_t i = 0; i < t->rows; i++) {                                                                  \
            const char *image = t->image + i * t->row;                                                          \
            const uint32_t *packed = t->packed + i * t->packed_row;                                             \
            if (HALVES && t->head) {                                                                            \
                STEP_OF(sum, image, pitch, packed, HEAD, places, vectors);                                      \
                image += 2;                                                                                     \
                packed += vectors * LANES;                                                                      \
            }                                                                                                   \
            for (size_t e = t->elements; e > 0; e--, image += 4, packed += vectors * LANES)                     \
                STEP_OF(sum, image, pitch, packed, WHOLE, places, vectors);                                     \
            if (HALVES && t->tail) STEP_OF(sum, image, pitch, packed, TAIL, places, vectors);                   \
        }                                                                                                       \
        FINISH_OF(sum, t, places, vectors);                                                                     \
    }

STEP(step_floats, TARGET, spread, load, multiply_add)
FINISH(finish_floats, TARGET, sizeof(float), store_lanes)
TILE(tile_floats, TARGET, false, step_floats, finish_floats)

// One compiled function for every size, so that the sums are in registers.
#define DEFINE(M, V) TARGET static void tile_floats_##M##_##V(const convolution_tile *t) { tile_floats(t, M, V); }
#define ENTRY(M, V) [M - 1][V - 1] = tile_floats_##M##_##V,
TILE_SIZES(DEFINE)
static void (*const convolution_tiles[TILE_PLACES][TILE_VECTORS])(const convolution_tile *) = {TILE_SIZES(ENTRY)};
#undef DEFINE
#undef ENTRY

#ifdef PAIRS
#define SPREAD_PAIR(from) spread_pair(from, what)
#define LOAD_PAIRS(from) load_pairs(from, what)
STEP(step_pairs, TARGET_PAIRS, SPREAD_PAIR, LOAD_PAIRS, multiply_add_pairs)
FINISH(finish_pairs_as_floats, TARGET_PAIRS, sizeof(float), store_lanes)
FINISH(finish_pairs_rounded, TARGET_PAIRS, sizeof(uint16_t), store_rounded)
TARGET_PAIRS INLINE void finish_pairs(floats sum[TILE_PLACES][TILE_VECTORS], const convolution_tile *t,
                                      const int places, const int vectors) {
    if (t->result_bfloat16) finish_pairs_rounded(sum, t, places, vectors);
    else finish_pairs_as_floats(sum, t, places, vectors);
}
TILE(tile_pairs, TARGET_PAIRS, true, step_pairs, finish_pairs)

#define DEFINE(M, V) TARGET_PAIRS static void tile_pairs_##M##_##V(const convolution_tile *t) { tile_pairs(t, M, V); }
#define ENTRY(M, V) [M - 1][V - 1] = tile_pairs_##M##_##V,
TILE_SIZES(DEFINE)
static void (*const pair_tiles[TILE_PLACES][TILE_VECTORS])(const convolution_tile *) = {TILE_SIZES(ENTRY)};
#undef DEFINE
#undef ENTRY
#endif
#undef TILE

static void run_tile(bool bfloat16, size_t places, size_t vectors, const convolution_tile *t) {
#ifdef PAIRS
    if (bfloat16) {
        pair_tiles[places - 1][vectors - 1](t);
        return;
    }
#endif
    convolution_tiles[places - 1][vectors - 1](t);
}

static void end_tiles(void) {}
