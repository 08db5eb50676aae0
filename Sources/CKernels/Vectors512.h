// AVX-512: registers of 16 floats, 32 of them, and masks.
#include "Vectors.h"

#define TARGET __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq")))
#define TARGET_PAIRS __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define PAIRS

enum { LANES = 16, TILE_VECTORS = 4 };
typedef __m512 floats;
typedef __mmask16 mask;

/// The sums take 24 registers, or 12 with one vector, where more would gain nothing.
static const size_t most_places[TILE_VECTORS + 1] = {0, 12, 12, 8, 6};
#define TILE_SIZES(X)                                                                             \
    ROWS_1_TO_6(ROW_4, X) ROW_3(X, 7) ROW_3(X, 8) ROW_2(X, 9) ROW_2(X, 10) ROW_2(X, 11) ROW_2(X, 12)
/// Bytes of dy that stay in the second-level cache while all tiles of a filter gradient read them, in place. PACKED is what
/// stays in the third-level cache between packing and use.
enum { CACHED = 160 << 10, DIRECT = true, PACKED = 4 << 20 };
#define SIX_ROW_TILES(X) ROWS_1_TO_6(ROW_4, X)

/// The first `count` lanes, or all.
TARGET INLINE mask first_lanes(size_t count) { return _bzhi_u32(0xFFFF, (unsigned)least(count, LANES)); }

TARGET INLINE floats zeros(void) { return _mm512_setzero_ps(); }
TARGET INLINE floats load(const void *from) { return _mm512_loadu_ps(from); }
TARGET INLINE floats load_lanes(mask lanes, const void *from) { return _mm512_maskz_loadu_ps(lanes, from); }
TARGET INLINE void store(void *to, floats value) { _mm512_storeu_ps(to, value); }
TARGET INLINE void store_lanes(void *to, mask lanes, floats value) { _mm512_mask_storeu_ps(to, lanes, value); }

TARGET INLINE floats spread(const void *from) {
    int32_t bits;
    memcpy(&bits, from, sizeof bits);
    return _mm512_castsi512_ps(_mm512_set1_epi32(bits));
}

TARGET INLINE floats multiply_add(floats a, floats b, floats sum) { return _mm512_fmadd_ps(a, b, sum); }
TARGET INLINE floats add(floats a, floats b) { return _mm512_add_ps(a, b); }

/// Multiplies by the slope where `sign` is not positive: a leaky ReLU, or its gradient.
TARGET INLINE floats leaky(floats value, floats sign, float slope) {
    __mmask16 positive = _mm512_cmp_ps_mask(sign, _mm512_setzero_ps(), _CMP_GT_OQ);
    return _mm512_mask_mul_ps(value, (__mmask16)~positive, value, _mm512_set1_ps(slope));
}

/// from[0], from[pitch], from[2 * pitch], ...
TARGET INLINE floats gather(mask lanes, const float *from, size_t pitch) {
    __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i index = _mm512_mullo_epi32(numbers, _mm512_set1_epi32((int)pitch));
    return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), lanes, index, from, sizeof(float));
}

TARGET INLINE void transpose(floats rows[LANES]) {
    __m512i a[LANES], b[LANES];
    FULL for (int i = 0; i < LANES; i++) a[i] = _mm512_castps_si512(rows[i]);
    FULL for (int i = 0; i < LANES; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
    FULL for (int i = 0; i < LANES; i += 4)
        FULL for (int half = 0; half < 2; half++) {
            a[i + 2 * half] = _mm512_unpacklo_epi64(b[i + half], b[i + 2 + half]);
            a[i + 2 * half + 1] = _mm512_unpackhi_epi64(b[i + half], b[i + 2 + half]);
        }
    FULL for (int i = 0; i < 4; i++)
        FULL for (int half = 0; half < LANES; half += 8) {
            b[i + half] = _mm512_shuffle_i32x4(a[i + half], a[i + half + 4], 0x88);
            b[i + half + 4] = _mm512_shuffle_i32x4(a[i + half], a[i + half + 4], 0xDD);
        }
    FULL for (int i = 0; i < LANES / 2; i++) {
        rows[i] = _mm512_castsi512_ps(_mm512_shuffle_i32x4(b[i], b[i + 8], 0x88));
        rows[i + 8] = _mm512_castsi512_ps(_mm512_shuffle_i32x4(b[i], b[i + 8], 0xDD));
    }
}

// ---- bfloat16 ----

TARGET INLINE floats spread_pair(const char *from, const part what) {
    uint16_t half;
    if (what == WHOLE) return spread(from);
    memcpy(&half, from, sizeof half);
    return _mm512_castsi512_ps(_mm512_set1_epi32(what == HEAD ? (int)((uint32_t)half << 16) : half));
}

TARGET INLINE floats load_pairs(const uint32_t *from, const part what) {
    if (what == WHOLE) return load(from);
    return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(what == HEAD ? 0xAAAAAAAA : 0x55555555, from));
}

/// sum + the products of both halves. In this order `a`, which is used once, can be a memory operand, broadcast. That is
/// much faster with one vector.
TARGET_PAIRS INLINE floats multiply_add_pairs(floats a, floats b, floats sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)b, (__m512bh)a);
}

TARGET_PAIRS INLINE void store_rounded(void *to, mask lanes, floats value) {
    _mm256_mask_storeu_epi16(to, lanes, (__m256i)_mm512_cvtneps_pbh(value));
}

/// Each lane rounded to bfloat16, in the low half.
TARGET INLINE __m512i round_lanes(floats value) {
    __m512i bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i sum = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    return _mm512_srli_epi32(_mm512_mask_or_epi32(sum, nan, bits, _mm512_set1_epi32(0x400000)), 16);
}

/// Lane i: the pair of low[i] and high[i], rounded.
TARGET INLINE floats pair_lanes(floats low, floats high) {
    return _mm512_castsi512_ps(_mm512_or_si512(round_lanes(low), _mm512_slli_epi32(round_lanes(high), 16)));
}

/// The pairs of 32 successive floats: `a` and then `b`, rounded.
TARGET INLINE floats pair_neighbours(floats a, floats b) {
    return _mm512_castsi512_ps(_mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(round_lanes(a))),
                                                  _mm512_cvtepi32_epi16(round_lanes(b)), 1));
}

/// Lane i: the pair of bfloat16 at low[i] and high[i].
TARGET INLINE floats load_two(mask lanes, const char *low, mask high_lanes, const char *high) {
    __m256i a = _mm256_maskz_loadu_epi16(lanes, low), b = _mm256_maskz_loadu_epi16(high_lanes, high);
    return _mm512_castsi512_ps(_mm512_or_si512(_mm512_cvtepu16_epi32(a), _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16)));
}
