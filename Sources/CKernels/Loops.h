// The loops of CKernels.h. The file of each instruction set defines K(name) and includes this inside a
// `target` pragma, so that the compiler vectorizes the same source for each.
#include "LoopsMath.h"
#include "Table.h"

#include "LoopsRandom.h"

#include "LoopsElementwise.h"

enum { LANES = 16, TILE = 64, STRETCH = 128 };

static void K(max_rows)(const float *source, float *target, size_t reduced, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
        const float *x = source + row * reduced;
        float best = -INFINITY;
        for (size_t i = 0; i < reduced; i++) best = x[i] > best || x[i] != x[i] ? x[i] : best;
        target[row] = best;
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

/// Calls FUNCTION(..., first column, width) for each tile of columns. The compiler knows the usual widths, and keeps their sums in
/// registers.
#define FOR_TILES(BEGIN, END, FUNCTION, ...)                              \
    for (size_t c = BEGIN; c < END; c += TILE) {                          \
        if (END - c >= TILE) FUNCTION(__VA_ARGS__, c, TILE);              \
        else if (END - c == TILE / 2) FUNCTION(__VA_ARGS__, c, TILE / 2); \
        else if (END - c == TILE / 4) FUNCTION(__VA_ARGS__, c, TILE / 4); \
        else FUNCTION(__VA_ARGS__, c, END - c);                           \
    }

// Sums and normalization, for both float types in memory.
#define E(name) K(name##_float)
#define ELEMENT float
#define LOAD(value) (value)
#define STORE(value) (value)
#include "LoopsChannels.h"
#define E(name) K(name##_bfloat16)
#define ELEMENT uint16_t
#define LOAD(value) from_bfloat16(value)
#define STORE(value) to_bfloat16(value)
#include "LoopsChannels.h"

/// Images [begin, end): col2im, adds each column element to its pixel. `columns` is [positions, window, channels].
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

INLINE bool K(update)(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
                      float *v_out, uint16_t *copy, size_t begin, size_t end, float step_size, double beta1, double beta2,
                      float epsilon) {
    int bad = 0;
    // Computed in double: 1 - 0.999f would be wrong in its fifth digit.
    const float keep1 = (float)beta1, keep2 = (float)beta2, add1 = (float)(1 - beta1), add2 = (float)(1 - beta2);
#pragma clang loop vectorize(assume_safety)
    for (size_t i = begin; i < end; i++) {
        float first = keep1 * m[i] + add1 * g[i];
        float second = keep2 * v[i] + add2 * g[i] * g[i];
        float weight = w[i] - step_size * first / (__builtin_elementwise_sqrt(second) + epsilon);
        m_out[i] = first;
        v_out[i] = second;
        w_out[i] = weight;
        if (copy) copy[i] = to_bfloat16(weight);
        bad |= is_not_finite(weight) | is_not_finite(second);
    }
    return bad;
}

/// Two loops, so that neither asks for each weight whether there is a copy.
static bool K(adam)(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
                    float *v_out, uint16_t *copy, size_t begin, size_t end, float step_size, double beta1, double beta2,
                    float epsilon) {
    return copy ? K(update)(w, g, m, v, w_out, m_out, v_out, copy, begin, end, step_size, beta1, beta2, epsilon)
                : K(update)(w, g, m, v, w_out, m_out, v_out, NULL, begin, end, step_size, beta1, beta2, epsilon);
}

static void K(round)(const float *source, uint16_t *target, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) target[i] = to_bfloat16(source[i]);
}

static bool K(all_finite)(const float *data, size_t begin, size_t end) {
    int bad = 0;
    for (size_t i = begin; i < end; i++) bad |= is_not_finite(data[i]);
    return !bad;
}

const gk_table K(gk_table) = {
    .elementwise = K(elementwise), .max_rows = K(max_rows), .max_columns = K(max_columns), .random = K(random),
    .adam = K(adam), .round = K(round), .all_finite = K(all_finite), .fold = K(fold),
    .sum_rows = {K(sum_rows_float), K(sum_rows_bfloat16)},
    .sum_columns = {K(sum_columns_float), K(sum_columns_bfloat16)},
    .batch_norm = {K(batch_norm_float), K(batch_norm_bfloat16)},
    .batch_norm_gradient = {K(batch_norm_gradient_float), K(batch_norm_gradient_bfloat16)},
};
