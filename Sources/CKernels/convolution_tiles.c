// The innermost loop of a convolution: one tile of the result, in registers.
#include "Convolution.h"

#if defined(__x86_64__)

typedef enum { WHOLE, HEAD, TAIL } part;

AVX512 INLINE __m512i spread(const char *source, const part what) {
    int32_t whole;
    uint16_t half;
    if (what == WHOLE) {
        memcpy(&whole, source, sizeof whole);
        return _mm512_set1_epi32(whole);
    }
    memcpy(&half, source, sizeof half);
    return _mm512_set1_epi32(what == HEAD ? (int)((uint32_t)half << 16) : half);
}

AVX512 INLINE __m512i packed_vector(const uint32_t *packed, const part what) {
    if (what == WHOLE) return _mm512_loadu_si512(packed);
    return _mm512_maskz_loadu_epi16(what == HEAD ? 0xAAAAAAAA : 0x55555555, packed);
}

#define TILE(NAME, TARGET, HALVES, MULTIPLY, STORE_BFLOAT16)                                                   \
    TARGET INLINE void NAME##_step(__m512 sum[TILE_PLACES][TILE_VECTORS], const char *image, size_t pitch,     \
                                   const uint32_t *packed, const part what, const int places,                  \
                                   const int vectors) {                                                        \
        __m512i right[TILE_VECTORS];                                                                           \
        FULL for (int v = 0; v < vectors; v++) right[v] = packed_vector(packed + v * LANES, what);             \
        FULL for (int m = 0; m < places; m++) {                                                                \
            __m512i left = spread(image + (size_t)m * pitch, what);                                            \
            FULL for (int v = 0; v < vectors; v++) sum[m][v] = MULTIPLY(left, right[v], sum[m][v]);            \
        }                                                                                                      \
    }                                                                                                          \
    TARGET INLINE void NAME##_store(__m512 sum[TILE_PLACES][TILE_VECTORS], const tile *t, const bool bfloat16, \
                                    const int places, const int vectors) {                                     \
        char *result = t->result;                                                                              \
        size_t pitch = t->result_pitch, size = bfloat16 ? 2 : 4;                                               \
        __m512 slope = _mm512_set1_ps(t->slope), bias[TILE_VECTORS];                                           \
        __mmask16 last = t->last;                                                                              \
        FULL for (int v = 0; v < vectors; v++) bias[v] = _mm512_setzero_ps();                                  \
        if (t->bias)                                                                                           \
            FULL for (int v = 0; v < vectors; v++)                                                             \
                bias[v] = _mm512_maskz_loadu_ps(v == vectors - 1 ? last : 0xFFFF, t->bias + v * LANES);        \
        FULL for (int m = 0; m < places; m++)                                                                  \
            FULL for (int v = 0; v < vectors; v++) {                                                           \
                __m512 value = _mm512_add_ps(sum[m][v], bias[v]);                                              \
                __mmask16 positive = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_GT_OQ);               \
                value = _mm512_mask_mul_ps(value, (__mmask16)~positive, value, slope);                         \
                char *target = result + (size_t)m * pitch + (size_t)v * LANES * size;                          \
                __mmask16 real = v == vectors - 1 ? last : 0xFFFF;                                             \
                if (bfloat16) STORE_BFLOAT16(target, real, value);                                             \
                else _mm512_mask_storeu_ps(target, real, value);                                               \
            }                                                                                                  \
    }                                                                                                          \
    TARGET INLINE void NAME(const tile *t, const int places, const int vectors) {                              \
        __m512 sum[TILE_PLACES][TILE_VECTORS];                                                                 \
        FULL for (int m = 0; m < places; m++)                                                                  \
            FULL for (int v = 0; v < vectors; v++) sum[m][v] = _mm512_setzero_ps();                            \
        size_t pitch = t->pitch;                                                                               \
        for (size_t i = 0; i < t->rows; i++) {                                                                 \
            const char *image = t->image + i * t->row;                                                         \
            const uint32_t *packed = t->packed + i * t->packed_row;                                            \
            if (HALVES && t->head) {                                                                           \
                NAME##_step(sum, image, pitch, packed, HEAD, places, vectors);                                 \
                image += 2;                                                                                    \
                packed += vectors * LANES;                                                                     \
            }                                                                                                  \
            for (size_t e = t->elements; e > 0; e--, image += 4, packed += vectors * LANES)                    \
                NAME##_step(sum, image, pitch, packed, WHOLE, places, vectors);                                \
            if (HALVES && t->tail) NAME##_step(sum, image, pitch, packed, TAIL, places, vectors);              \
        }                                                                                                      \
        if (HALVES && t->result_bfloat16) NAME##_store(sum, t, true, places, vectors);                         \
        else NAME##_store(sum, t, false, places, vectors);                                                     \
    }

#define MULTIPLY_FLOAT(a, b, sum) _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum)
// In this order the broadcast value, which is used once, is a memory operand. That is much faster with one vector.
#define MULTIPLY_PAIRS(a, b, sum) _mm512_dpbf16_ps(sum, (__m512bh)(b), (__m512bh)(a))
#define STORE_NOTHING(target, real, value)
#define STORE_BFLOAT16(target, real, value) \
    _mm256_mask_storeu_epi16(target, real, (__m256i)_mm512_cvtneps_pbh(value))
TILE(tile_float, AVX512, false, MULTIPLY_FLOAT, STORE_NOTHING)
TILE(tile_pairs, AVX512_BF16, true, MULTIPLY_PAIRS, STORE_BFLOAT16)

// One compiled function for every number of places and vectors, so that the sums are in registers.
#define SIZED(KIND, TARGET, M, V) TARGET static void KIND##_##M##_##V(const tile *t) { KIND(t, M, V); }
#define SIZED_2(KIND, TARGET, M) SIZED(KIND, TARGET, M, 1) SIZED(KIND, TARGET, M, 2)
#define SIZED_3(KIND, TARGET, M) SIZED_2(KIND, TARGET, M) SIZED(KIND, TARGET, M, 3)
#define SIZED_4(KIND, TARGET, M) SIZED_3(KIND, TARGET, M) SIZED(KIND, TARGET, M, 4)
#define SIZED_ALL(KIND, TARGET)                                                                         \
    SIZED_4(KIND, TARGET, 1) SIZED_4(KIND, TARGET, 2) SIZED_4(KIND, TARGET, 3) SIZED_4(KIND, TARGET, 4) \
    SIZED_4(KIND, TARGET, 5) SIZED_4(KIND, TARGET, 6) SIZED_3(KIND, TARGET, 7) SIZED_3(KIND, TARGET, 8) \
    SIZED_2(KIND, TARGET, 9) SIZED_2(KIND, TARGET, 10) SIZED_2(KIND, TARGET, 11) SIZED_2(KIND, TARGET, 12)
SIZED_ALL(tile_float, AVX512)
SIZED_ALL(tile_pairs, AVX512_BF16)

#define NAMES_2(KIND, M) {KIND##_##M##_1, KIND##_##M##_2}
#define NAMES_3(KIND, M) {KIND##_##M##_1, KIND##_##M##_2, KIND##_##M##_3}
#define NAMES_4(KIND, M) {KIND##_##M##_1, KIND##_##M##_2, KIND##_##M##_3, KIND##_##M##_4}
#define ALL_NAMES(KIND)                                                      \
    {NAMES_4(KIND, 1), NAMES_4(KIND, 2), NAMES_4(KIND, 3), NAMES_4(KIND, 4), \
     NAMES_4(KIND, 5), NAMES_4(KIND, 6), NAMES_3(KIND, 7), NAMES_3(KIND, 8), \
     NAMES_2(KIND, 9), NAMES_2(KIND, 10), NAMES_2(KIND, 11), NAMES_2(KIND, 12)}
void (*const gk_convolution_tiles[2][TILE_PLACES][TILE_VECTORS])(const tile *) = {ALL_NAMES(tile_float),
                                                                          ALL_NAMES(tile_pairs)};

#endif
