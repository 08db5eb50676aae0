// The matrix registers of AMX: 8 tiles of 16 rows of 64 bytes. Four hold sums: 32 rows of the left matrix times 32 columns.
//
// A row of the left matrix is 16 pairs of bfloat16. A row of the right one is a pair for each of 16 columns, as the dot
// product of AVX-512 reads it. See Intel's Software Developer's Manual, TDPBF16PS.
#include "Vectors512.h"

#define TARGET_AMX \
    __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")))

enum {
    TILE_ROWS = 16,
    TILE_PAIRS = 16,  ///< in a row: the depth of one multiplication
    ROW_BYTES = 64,
    SIDE = 32,  ///< rows and columns of the sums, and numbers in a row of the left matrix
    STEP_BYTES = SIDE * ROW_BYTES,  ///< of SIDE rows or columns, for one multiplication
    SUM = 0,  ///< the first of the sums: SUM + 2 * half of the rows + half of the columns
    LEFT = 4,
    RIGHT = 6
};

/// As LDTILECFG reads it.
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} amx_configuration;

/// What this thread's tiles are configured for; 0: nothing.
static _Thread_local size_t configured_rows, configured_columns;

/// Tiles for `rows` rows and `columns` columns of sums, at most SIDE of each, until release_amx.
TARGET_AMX static void configure_amx(size_t rows, size_t columns) {
    if (rows == configured_rows && columns == configured_columns) return;
    configured_rows = rows;
    configured_columns = columns;
    amx_configuration c = {.palette = 1};
    for (size_t half = 0; half < 2; half++) {
        size_t height = half == 0 ? least(rows, TILE_ROWS) : rows > TILE_ROWS ? rows - TILE_ROWS : 1;
        size_t width = half == 0 ? least(columns, LANES) : columns > LANES ? columns - LANES : 1;
        c.rows[LEFT + half] = c.rows[SUM + 2 * half] = c.rows[SUM + 2 * half + 1] = (uint8_t)height;
        c.row_bytes[LEFT + half] = ROW_BYTES;
        c.rows[RIGHT + half] = TILE_PAIRS;
        c.row_bytes[RIGHT + half] = c.row_bytes[SUM + half] = c.row_bytes[SUM + 2 + half] = (uint16_t)(width * 4);
    }
    _tile_loadconfig(&c);
}

TARGET_AMX static void release_amx(void) {
    configured_rows = configured_columns = 0;
    _tile_release();
}

/// Adds the product of TILE_PAIRS pairs to the sums. Pitches are in bytes.
TARGET_AMX INLINE void multiply_amx(const char *left, size_t left_pitch, const char *right, size_t right_pitch,
                                    const bool two_rows, const bool two_columns) {
    _tile_loadd(LEFT, left, left_pitch);
    _tile_loadd(RIGHT, right, right_pitch);
    _tile_dpbf16ps(SUM, LEFT, RIGHT);
    if (two_columns) {
        _tile_loadd(RIGHT + 1, right + ROW_BYTES, right_pitch);
        _tile_dpbf16ps(SUM + 1, LEFT, RIGHT + 1);
    }
    if (!two_rows) return;
    _tile_loadd(LEFT + 1, left + TILE_ROWS * left_pitch, left_pitch);
    _tile_dpbf16ps(SUM + 2, LEFT + 1, RIGHT);
    if (two_columns) _tile_dpbf16ps(SUM + 3, LEFT + 1, RIGHT + 1);
}

TARGET_AMX INLINE void zero_amx(void) {
    _tile_zero(SUM);
    _tile_zero(SUM + 1);
    _tile_zero(SUM + 2);
    _tile_zero(SUM + 3);
}

TARGET_AMX INLINE void load_amx(const char *from, size_t pitch, const bool two_rows, const bool two_columns) {
    const char *second = from + TILE_ROWS * pitch;
    _tile_loadd(SUM, from, pitch);
    if (two_columns) _tile_loadd(SUM + 1, from + ROW_BYTES, pitch);
    if (two_rows) _tile_loadd(SUM + 2, second, pitch);
    if (two_rows && two_columns) _tile_loadd(SUM + 3, second + ROW_BYTES, pitch);
}

TARGET_AMX INLINE void store_amx(char *to, size_t pitch, const bool two_rows, const bool two_columns) {
    char *second = to + TILE_ROWS * pitch;
    _tile_stored(SUM, to, pitch);
    if (two_columns) _tile_stored(SUM + 1, to + ROW_BYTES, pitch);
    if (two_rows) _tile_stored(SUM + 2, second, pitch);
    if (two_rows && two_columns) _tile_stored(SUM + 3, second + ROW_BYTES, pitch);
}

/// The pairs of rows 2i and 2i + 1 of a matrix of bfloat16, in up to LANES columns. Rows that do not exist are 0. The pitch
/// is in bytes.
TARGET_AMX INLINE void load_row_pairs(floats pairs[LANES], const char *from, size_t pitch, size_t rows, size_t columns) {
    mask real = first_lanes(columns), none = first_lanes(0);
    FULL for (size_t i = 0; i < LANES; i++) {
        const char *low = from + 2 * i * pitch;
        pairs[i] = load_two(2 * i < rows ? real : none, low, 2 * i + 1 < rows ? real : none, low + pitch);
    }
}

TARGET_AMX INLINE void store_rows(const floats rows[LANES], size_t count, char *to, size_t pitch) {
    FULL for (size_t i = 0; i < LANES; i++)
        if (i < count) store(to + i * pitch, rows[i]);
}

/// CALL(two_rows, two_columns) with constants, so that each case is compiled on its own.
#define BY_HALVES(ROWS, COLUMNS, CALL)                                         \
    do {                                                                       \
        if ((ROWS) > TILE_ROWS && (COLUMNS) > LANES) CALL(true, true);         \
        else if ((ROWS) > TILE_ROWS) CALL(true, false);                        \
        else if ((COLUMNS) > LANES) CALL(false, true);                         \
        else CALL(false, false);                                               \
    } while (0)

/// Where up to SIDE sums in a row go, and what follows them.
typedef struct {
    char *to;
    size_t pitch;       ///< bytes from a row to the next
    size_t last;        ///< columns that exist in the last vector
    bool bfloat16;      ///< what is stored
    const float *bias;  ///< one for each column, added before the leaky ReLU, or NULL
    float slope;        ///< of the leaky ReLU (1: none)
} amx_result;

/// Vector `v` of a row of sums. If `split`, the first vector has the sums of even columns, and the second those of odd ones.
TARGET_AMX INLINE floats sums_of(const char *row, size_t v, const bool split) {
    if (!split) return load(row + v * ROW_BYTES);
    __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    __m512i order = v == 0 ? low : _mm512_add_epi32(low, _mm512_set1_epi32(LANES / 2));
    return _mm512_permutex2var_ps(load(row), order, load(row + ROW_BYTES));
}

/// Stores rows of split sums as they are.
TARGET_AMX INLINE void store_split(const char *sums, size_t rows, char *to, size_t pitch) {
    for (size_t m = 0; m < rows; m++, sums += 2 * ROW_BYTES, to += pitch) {
        store(to, sums_of(sums, 0, true));
        store(to + ROW_BYTES, sums_of(sums, 1, true));
    }
}

/// Stores rows of `vectors` vectors of sums, or of two if these are split.
TARGET_AMX INLINE void finish_amx(const amx_result *r, const char *sums, size_t rows, const size_t vectors,
                                  const bool split) {
    const size_t pitch = (split ? 2 : vectors) * ROW_BYTES;
    for (size_t v = 0; v < vectors; v++) {
        mask real = first_lanes(v == vectors - 1 ? r->last : LANES);
        floats bias = r->bias ? load_lanes(real, r->bias + v * LANES) : zeros();
        char *to = r->to + v * LANES * (r->bfloat16 ? 2 : 4);
        for (size_t m = 0; m < rows; m++, to += r->pitch) {
            floats value = add(sums_of(sums + m * pitch, v, split), bias);
            value = leaky(value, value, r->slope);
            if (r->bfloat16) store_rounded(to, real, value);
            else store_lanes(to, real, value);
        }
    }
}
