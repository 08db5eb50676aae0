// AVX2 with FMA: registers of 8 floats, 16 of them.
#include "Vectors.h"

#define TARGET __attribute__((target("avx2,fma")))

enum { LANES = 8, TILE_VECTORS = 2 };
typedef __m256 floats;
typedef __m256i mask;

/// The sums take 12 registers: 2 for the weights and one for the image are left.
static const size_t most_places[TILE_VECTORS + 1] = {0, 12, 6};
#define TILE_SIZES(X)                                                                             \
    ROWS_1_TO_6(ROW_2, X) ROW_1(X, 7) ROW_1(X, 8) ROW_1(X, 9) ROW_1(X, 10) ROW_1(X, 11) ROW_1(X, 12)
/// Bytes of dy that stay in the first-level cache while all tiles of a filter gradient read them. It is packed, because a
/// tile reads one line of each position. PACKED is what stays in the third-level cache between packing and use.
enum { CACHED = 24 << 10, DIRECT = false, PACKED = 3 << 20 };
#define SIX_ROW_TILES(X) ROWS_1_TO_6(ROW_2, X)

/// The first `count` lanes, or all.
TARGET INLINE mask first_lanes(size_t count) {
    __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)least(count, LANES)), numbers);
}

TARGET INLINE floats zeros(void) { return _mm256_setzero_ps(); }
TARGET INLINE floats load(const void *from) { return _mm256_loadu_ps(from); }
TARGET INLINE floats load_lanes(mask lanes, const void *from) { return _mm256_maskload_ps(from, lanes); }
TARGET INLINE void store(void *to, floats value) { _mm256_storeu_ps(to, value); }
TARGET INLINE void store_lanes(void *to, mask lanes, floats value) { _mm256_maskstore_ps(to, lanes, value); }
TARGET INLINE floats spread(const void *from) { return _mm256_broadcast_ss(from); }
TARGET INLINE floats multiply_add(floats a, floats b, floats sum) { return _mm256_fmadd_ps(a, b, sum); }
TARGET INLINE floats add(floats a, floats b) { return _mm256_add_ps(a, b); }

/// Multiplies by the slope where `sign` is not positive: a leaky ReLU, or its gradient.
TARGET INLINE floats leaky(floats value, floats sign, float slope) {
    __m256 positive = _mm256_cmp_ps(sign, _mm256_setzero_ps(), _CMP_GT_OQ);
    return _mm256_blendv_ps(_mm256_mul_ps(value, _mm256_set1_ps(slope)), value, positive);
}

/// from[0], from[pitch], from[2 * pitch], ...
TARGET INLINE floats gather(mask lanes, const float *from, size_t pitch) {
    __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i index = _mm256_mullo_epi32(numbers, _mm256_set1_epi32((int)pitch));
    return _mm256_mask_i32gather_ps(_mm256_setzero_ps(), from, index, _mm256_castsi256_ps(lanes), sizeof(float));
}

TARGET INLINE void transpose(floats rows[LANES]) {
    __m256 a[LANES], b[LANES];
    FULL for (int i = 0; i < LANES; i += 2) {
        a[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        a[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    FULL for (int i = 0; i < LANES; i += 4)
        FULL for (int half = 0; half < 2; half++) {
            b[i + 2 * half] = _mm256_shuffle_ps(a[i + half], a[i + 2 + half], 0x44);
            b[i + 2 * half + 1] = _mm256_shuffle_ps(a[i + half], a[i + 2 + half], 0xEE);
        }
    FULL for (int i = 0; i < LANES / 2; i++) {
        rows[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}
