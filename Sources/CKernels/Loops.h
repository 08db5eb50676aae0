// The loops of CKernels.h. A file of one instruction set defines K(name) and includes this inside a
// `target` pragma; the compiler vectorises the same source for each.
#include "LoopsMath.h"
#include "Table.h"

#include "LoopsElementwise.h"

enum { LANES = 16 };

static void K(sum_rows)(const float *source, float *target, size_t reduced, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
        const float *x = source + row * reduced;
        // A fixed number of partial sums: the order of additions does not depend on the vector width.
        float partial[LANES] = {0};
        size_t i = 0;
        for (; i + LANES <= reduced; i += LANES)
            for (int lane = 0; lane < LANES; lane++) partial[lane] += x[i + (size_t)lane];
        for (int lane = 0; i < reduced; i++, lane++) partial[lane] += x[i];
        for (int half = LANES / 2; half > 0; half /= 2)
            for (int lane = 0; lane < half; lane++) partial[lane] += partial[lane + half];
        target[row] = partial[0];
    }
}

static void K(max_rows)(const float *source, float *target, size_t reduced, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
        const float *x = source + row * reduced;
        float best = -INFINITY;
        for (size_t i = 0; i < reduced; i++) best = x[i] > best || x[i] != x[i] ? x[i] : best;
        target[row] = best;
    }
}

// Sums down columns run over a tile of them at a time, and first over short stretches of rows: the partial
// sums stay in registers, and the error grows with the number of stretches rather than of rows.
enum { TILE = 64, STRETCH = 128 };

INLINE void K(add_rows)(const float *restrict x, float *restrict sum, size_t stride, size_t rows, size_t width) {
    float partial[TILE] = {0};
    if (width == TILE) {
        for (size_t row = 0; row < rows; row++)
            for (size_t i = 0; i < TILE; i++) partial[i] += x[row * stride + i];
    } else {
        for (size_t row = 0; row < rows; row++)
            for (size_t i = 0; i < width; i++) partial[i] += x[row * stride + i];
    }
    for (size_t i = 0; i < width; i++) sum[i] += partial[i];
}

static void K(sum_columns)(const float *source, float *target, size_t reduced, size_t inner, size_t begin,
                           size_t end) {
    for (size_t c = begin; c < end; c += TILE) {
        size_t width = end - c < TILE ? end - c : TILE;
        for (size_t i = 0; i < width; i++) target[c + i] = 0;
        for (size_t row = 0; row < reduced; row += STRETCH)
            K(add_rows)(source + row * inner + c, target + c, inner,
                        reduced - row < STRETCH ? reduced - row : STRETCH, width);
    }
}

static void K(max_columns)(const float *source, float *target, size_t reduced, size_t inner, size_t begin,
                           size_t end) {
    for (size_t i = begin; i < end; i++) target[i] = -INFINITY;
    for (size_t row = 0; row < reduced; row++) {
        const float *x = source + row * inner;
        for (size_t i = begin; i < end; i++) target[i] = x[i] > target[i] || x[i] != x[i] ? x[i] : target[i];
    }
}

/// Sums of a tile's squared distances from the mean.
INLINE void K(add_squares)(const float *restrict x, const float *restrict mean, float *restrict sum,
                           size_t stride, size_t rows, size_t width) {
    float partial[TILE] = {0};
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) {
            float d = x[row * stride + i] - mean[i];
            partial[i] += d * d;
        }
    for (size_t i = 0; i < width; i++) sum[i] += partial[i];
}

static void K(batch_norm)(const float *restrict x, const float *restrict gamma, const float *restrict beta,
                          float *restrict y, float *restrict mean, float *restrict variance,
                          size_t rows, size_t channels, float epsilon, size_t begin,
                          size_t end) {
    const float share = 1.0f / (float)rows;
    K(sum_columns)(x, mean, rows, channels, begin, end);
    for (size_t c = begin; c < end; c++) mean[c] *= share;
    for (size_t c = begin; c < end; c += TILE) {
        size_t width = end - c < TILE ? end - c : TILE;
        float center[TILE], scale[TILE], squares[TILE] = {0};
        for (size_t i = 0; i < width; i++) center[i] = mean[c + i];
        for (size_t row = 0; row < rows; row += STRETCH)
            K(add_squares)(x + row * channels + c, center, squares, channels,
                           rows - row < STRETCH ? rows - row : STRETCH, width);
        for (size_t i = 0; i < width; i++) {
            variance[c + i] = squares[i] * share;
            scale[i] = gamma[c + i] / __builtin_elementwise_sqrt(variance[c + i] + epsilon);
        }
        for (size_t row = 0; row < rows; row++)
            for (size_t i = 0; i < width; i++) {
                size_t at = row * channels + c + i;
                y[at] = (x[at] - center[i]) * scale[i] + beta[c + i];
            }
    }
}

/// Sums of a tile's dy, and of dy times the distance from the mean.
INLINE void K(add_products)(const float *restrict dy, const float *restrict x, const float *restrict mean,
                            float *restrict sum, float *restrict products, size_t stride, size_t rows,
                            size_t width) {
    float partial[TILE] = {0}, product[TILE] = {0};
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) {
            float g = dy[row * stride + i];
            partial[i] += g;
            product[i] += g * (x[row * stride + i] - mean[i]);
        }
    for (size_t i = 0; i < width; i++) {
        sum[i] += partial[i];
        products[i] += product[i];
    }
}

static void K(batch_norm_gradient)(const float *restrict dy, const float *restrict x,
                                   const float *restrict gamma, const float *restrict mean,
                                   const float *restrict variance, float *restrict dx,
                                   float *restrict dgamma, float *restrict dbeta, size_t rows,
                                   size_t channels, float epsilon, size_t begin, size_t end) {
    const float share = 1.0f / (float)rows;
    for (size_t c = begin; c < end; c += TILE) {
        size_t width = end - c < TILE ? end - c : TILE;
        float sum[TILE] = {0}, products[TILE] = {0}, center[TILE], scale[TILE], slope[TILE];
        for (size_t i = 0; i < width; i++) center[i] = mean[c + i];
        for (size_t row = 0; row < rows; row += STRETCH)
            K(add_products)(dy + row * channels + c, x + row * channels + c, center, sum, products, channels,
                            rows - row < STRETCH ? rows - row : STRETCH, width);
        // dx = gamma / deviation (dy - mean(dy) - normalized mean(dy normalized)).
        for (size_t i = 0; i < width; i++) {
            float inverse = 1.0f / __builtin_elementwise_sqrt(variance[c + i] + epsilon);
            dbeta[c + i] = sum[i];
            dgamma[c + i] = products[i] * inverse;
            scale[i] = gamma[c + i] * inverse;
            slope[i] = share * products[i] * inverse * inverse;
            sum[i] *= share;
        }
        for (size_t row = 0; row < rows; row++)
            for (size_t i = 0; i < width; i++) {
                size_t at = row * channels + c + i;
                dx[at] = scale[i] * (dy[at] - sum[i] - (x[at] - center[i]) * slope[i]);
            }
    }
}

/// Images [begin, end): every pixel gathers the columns that saw it. `columns` is [places, window, channels].
static void K(fold)(const gk_fold_shape *s, const float *restrict columns, float *restrict image, size_t begin,
                    size_t end) {
    size_t pixels = s->height * s->width * s->channels, line = s->window_width * s->channels;
    for (size_t n = begin; n < end; n++) {
        float *target = image + n * pixels;
        for (size_t i = 0; i < pixels; i++) target[i] = 0;
        for (size_t i = 0; i < s->rows; i++)
            for (size_t j = 0; j < s->columns; j++) {
                const float *source = columns + ((n * s->rows + i) * s->columns + j) * s->window_height * line;
                ptrdiff_t top = (ptrdiff_t)(i * s->stride_y) - (ptrdiff_t)s->top;
                ptrdiff_t left = (ptrdiff_t)(j * s->stride_x) - (ptrdiff_t)s->left;
                if (left >= (ptrdiff_t)s->width) continue;
                size_t first = left < 0 ? (size_t)-left : 0, room = s->width - (size_t)(left > 0 ? left : 0) + first;
                size_t last = s->window_width < room ? s->window_width : room;
                for (size_t k = 0; k < s->window_height; k++) {
                    ptrdiff_t row = top + (ptrdiff_t)k;
                    if (row < 0 || row >= (ptrdiff_t)s->height) continue;
                    float *at = target + (row * (ptrdiff_t)s->width + left) * (ptrdiff_t)s->channels;
                    for (size_t l = first * s->channels; l < last * s->channels; l++) at[l] += source[k * line + l];
                }
            }
    }
}

static bool K(adam)(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
                    float *v_out, size_t begin, size_t end, float step_size, double beta1, double beta2,
                    float epsilon) {
    int bad = 0;
    // In double: 1 - 0.999f would be wrong in its fifth digit.
    const float keep1 = (float)beta1, keep2 = (float)beta2, add1 = (float)(1 - beta1), add2 = (float)(1 - beta2);
#pragma clang loop vectorize(assume_safety)
    for (size_t i = begin; i < end; i++) {
        float first = keep1 * m[i] + add1 * g[i];
        float second = keep2 * v[i] + add2 * g[i] * g[i];
        float weight = w[i] - step_size * first / (__builtin_elementwise_sqrt(second) + epsilon);
        m_out[i] = first;
        v_out[i] = second;
        w_out[i] = weight;
        bad |= is_not_finite(weight) | is_not_finite(second);
    }
    return bad;
}

static bool K(all_finite)(const float *data, size_t begin, size_t end) {
    int bad = 0;
    for (size_t i = begin; i < end; i++) bad |= is_not_finite(data[i]);
    return !bad;
}

// Random numbers have the same bits everywhere: no multiplication and addition may be contracted.
#pragma clang fp contract(off)

INLINE void K(philox_round)(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, uint32_t k0, uint32_t k1) {
    uint64_t p0 = (uint64_t)0xD2511F53u * *c0, p1 = (uint64_t)0xCD9E8D57u * *c2;
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ *c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ *c3 ^ k1;
    *c1 = (uint32_t)p1;
    *c3 = (uint32_t)p0;
    *c0 = n0;
    *c2 = n2;
}

/// sin and cos of 2 pi u for u in [0, 1), by quarter turns.
INLINE void K(sin_cos_turns)(float u, float *sine, float *cosine) {
#pragma clang fp contract(off)
    float turns = u * 4.0f;
    int32_t quarter = (int32_t)(turns + 0.5f);
    float r = (turns - (float)quarter) * 1.57079632679489662f;
    float z = r * r;
    float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
    float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z
              - 0.5f * z + 1.0f;
    float swapped_s = quarter & 1 ? c : s, swapped_c = quarter & 1 ? s : c;
    *sine = quarter & 2 ? -swapped_s : swapped_s;
    *cosine = (quarter + 1) & 2 ? -swapped_c : swapped_c;
}

/// The logarithm of u in (0, 1], as vector_log but never contracted.
INLINE float K(log_unit)(float u) {
#pragma clang fp contract(off)
    uint32_t shifted = float_to_bits(u) - 0x3f3504f3u;
    float e = (float)((int32_t)shifted >> 23);
    float f = bits_to_float((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float z = f * f;
    float p = 7.0376836292e-2f * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    return f + (p * f * z + e * -2.12194440e-4f - 0.5f * z) + e * 0.693359375f;
}

static void K(random)(gk_distribution distribution, const uint32_t key[4], uint32_t stream, float parameter,
                      float *target, size_t count, size_t block_begin, size_t block_end) {
#pragma clang fp contract(off)
    enum { BATCH = 64 };
    _Alignas(64) uint32_t words[4][BATCH];
    _Alignas(64) float values[4][BATCH];
    for (size_t first = block_begin; first < block_end; first += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++) {
            uint32_t c0 = (uint32_t)first + i, c1 = stream, c2 = key[2], c3 = key[3];
            uint32_t k0 = key[0], k1 = key[1];
            for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
                K(philox_round)(&c0, &c1, &c2, &c3, k0, k1);
            words[0][i] = c0;
            words[1][i] = c1;
            words[2][i] = c2;
            words[3][i] = c3;
        }
        for (int w = 0; w < 4; w++)
            for (int i = 0; i < BATCH; i++) values[w][i] = (float)(int32_t)(words[w][i] >> 8) * 0x1p-24f;
        if (distribution == GK_SIGNED_UNIFORM)
            for (int w = 0; w < 4; w++)
                for (int i = 0; i < BATCH; i++) values[w][i] = 2.0f * values[w][i] - 1.0f;
        if (distribution == GK_BERNOULLI)
            for (int w = 0; w < 4; w++)
                for (int i = 0; i < BATCH; i++) values[w][i] = values[w][i] < parameter ? 1.0f : 0.0f;
        if (distribution == GK_NORMAL)
            for (int w = 0; w < 4; w += 2)
                for (int i = 0; i < BATCH; i++) {
                    // Box-Muller (1958); 1 - u lies in (0, 1].
                    float radius = __builtin_elementwise_sqrt(-2.0f * K(log_unit)(1.0f - values[w][i])), s, c;
                    K(sin_cos_turns)(values[w + 1][i], &s, &c);
                    values[w][i] = radius * c;
                    values[w + 1][i] = radius * s;
                }
        size_t base = first * 4, blocks = block_end - first < BATCH ? block_end - first : BATCH;
        for (size_t i = 0; i < blocks * 4 && base + i < count; i++) target[base + i] = values[i & 3][i >> 2];
    }
}

const gk_table K(gk_table) = {
    K(elementwise), K(sum_rows),   K(max_rows),            K(sum_columns), K(max_columns),
    K(random),      K(batch_norm), K(batch_norm_gradient), K(adam),        K(all_finite),  K(fold),
};
