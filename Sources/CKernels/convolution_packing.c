// Packs a convolution's weights in the order in which its tiles read them.
#include "Convolution.h"

#if defined(__x86_64__)

/// Weights of 16 outputs, for one element of the packed row of the window.
AVX512 INLINE __m512 weights(const plan *p, size_t ky, size_t element, size_t output) {
    size_t in_row = p->x.taps * p->channels;
    if (element >= in_row) return _mm512_setzero_ps();
    __mmask16 real = _bzhi_u32(0xFFFF, (unsigned)least(p->outputs - output, LANES));
    if (!p->gradient) return _mm512_maskz_loadu_ps(real, p->w + (ky * in_row + element) * p->outputs + output);
    size_t tap = ky * p->x.taps + tap_at(&p->x, element / p->channels);
    __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i index = _mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)p->channels));
    const float *w = p->w + (tap * p->outputs + output) * p->channels + element % p->channels;
    return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), real, index, w, sizeof(float));
}

AVX512 INLINE __m512i round_weights(__m512 value) {
    __m512i bits = _mm512_castps_si512(value);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i sum = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    return _mm512_srli_epi32(_mm512_mask_or_epi32(sum, nan, bits, _mm512_set1_epi32(0x400000)), 16);
}

AVX512 INLINE void transpose(__m512i a[LANES]) {
    __m512i b[LANES];
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
        a[i] = _mm512_shuffle_i32x4(b[i], b[i + 8], 0x88);
        a[i + 8] = _mm512_shuffle_i32x4(b[i], b[i + 8], 0xDD);
    }
}

/// Gives the same as `weights` for the input gradient, but faster. No pair may span two taps.
AVX512 static void pack_transposed(const plan *p, size_t ky, size_t output, uint32_t *target, size_t pitch) {
    size_t elements = p->bfloat16 ? p->channels / 2 : p->channels;
    for (size_t position = 0; position < p->x.taps; position++) {
        size_t tap = ky * p->x.taps + tap_at(&p->x, position);
        for (size_t e = 0; e < elements; e += LANES) {
            size_t count = least(elements - e, LANES), numbers = p->bfloat16 ? 2 * count : count;
            __mmask16 low = _bzhi_u32(0xFFFF, (unsigned)least(numbers, LANES));
            __mmask16 high = _bzhi_u32(0xFFFF, (unsigned)(numbers - least(numbers, LANES)));
            __m512i rows[LANES];
            FULL for (size_t lane = 0; lane < LANES; lane++) {
                rows[lane] = _mm512_setzero_si512();
                if (output + lane >= p->outputs) continue;
                const float *w = p->w + (tap * p->outputs + output + lane) * p->channels;
                if (p->bfloat16) {
                    __m512i a = round_weights(_mm512_maskz_loadu_ps(low, w + e * 2));
                    __m512i b = round_weights(_mm512_maskz_loadu_ps(high, w + e * 2 + LANES));
                    rows[lane] = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(a)),
                                                    _mm512_cvtepi32_epi16(b), 1);
                } else rows[lane] = _mm512_maskz_loadu_epi32(low, w + e);
            }
            transpose(rows);
            FULL for (size_t i = 0; i < LANES; i++)
                if (i < count) _mm512_storeu_si512(target + (position * elements + e + i) * pitch, rows[i]);
        }
    }
}

AVX512 void gk_convolution_pack(const void *context, size_t begin, size_t end) {
    const plan *p = context;
    bool transposed = p->gradient && (!p->bfloat16 || p->channels % 2 == 0);
    for (size_t unit = begin; unit < end; unit++) {
        size_t block = unit / p->y.taps, position = unit % p->y.taps, ky = tap_at(&p->y, position);
        size_t first = first_vector(p, block), vectors = first_vector(p, block + 1) - first;
        uint32_t *target = p->packed + (first * p->y.taps + position * vectors) * p->row * LANES;
        for (size_t v = 0; transposed && v < vectors; v++)
            pack_transposed(p, ky, (first + v) * LANES, target + v * LANES, vectors * LANES);
        for (size_t element = 0; !transposed && element < p->row; element++)
            for (size_t v = 0; v < vectors; v++) {
                size_t output = (first + v) * LANES;
                __m512i value;
                if (p->bfloat16) {
                    __m512i low = round_weights(weights(p, ky, element * 2, output));
                    __m512i high = round_weights(weights(p, ky, element * 2 + 1, output));
                    value = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
                } else value = _mm512_castps_si512(weights(p, ky, element, output));
                _mm512_storeu_si512(target + (element * vectors + v) * LANES, value);
            }
    }
}

#endif
