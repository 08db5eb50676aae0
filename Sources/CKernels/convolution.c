// A convolution and its input gradient, as one kernel that multiplies no padding.
//
// A tile is up to 12 images at the same place of the result, times up to 64 of its channels, in registers. All images
// of a tile see the same taps of the window, and from a row of the window they see neighbouring numbers of the image,
// which meet weights that were packed in that order. Elements are 4 bytes: a float, or two successive bfloat16 of the
// image, which the dot product instruction multiplies and adds at once.
#include "Table.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq")))
#define AVX512_BF16 __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define INLINE static inline __attribute__((always_inline))
#define FULL _Pragma("clang loop unroll(full)")

enum {
    LANES = 16,
    TILE_VECTORS = 4,
    TILE_PLACES = 12,
    ALIASED = 4096,  ///< bytes from one place to the next that put all of them into one set of the first-level cache
    WAYS = 8  ///< of such a set
};

/// Places of a tile that has so many vectors: the sums take 24 registers, or 12 if there is one vector, for
/// which more would gain nothing.
static const size_t most_places[TILE_VECTORS + 1] = {0, 12, 12, 8, 6};

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t round_up(size_t a, size_t to) { return (a + to - 1) / to * to; }

// ---- Taps ----

/// One direction of the window. Its taps have positions such that those which a place of the result sees, and the
/// places of the image where it sees them, both ascend one by one.
typedef struct {
    size_t taps, stride, before;
    size_t image, result;  ///< extents
    bool gradient;
} axis;

/// Taps that an index of the result sees: positions, and the index in the image of the first.
typedef struct {
    size_t position, count, image;
} sight;

/// In the input gradient, every stride-th tap meets the same indices of the result, and the last the first.
static size_t taps_of_class(const axis *a, size_t class) {
    return a->taps > class ? (a->taps - class - 1) / a->stride + 1 : 0;
}

static size_t tap_at(const axis *a, size_t position) {
    if (!a->gradient) return position;
    size_t class = 0, taps;
    for (; position >= (taps = taps_of_class(a, class)); class++) position -= taps;
    return class + (taps - 1 - position) * a->stride;
}

static sight look(const axis *a, size_t index) {
    if (!a->gradient) {
        size_t at = index * a->stride, first = a->before > at ? a->before - at : 0;
        size_t end = a->image + a->before > at ? least(a->taps, a->image + a->before - at) : 0;
        return first < end ? (sight){first, end - first, at + first - a->before} : (sight){0, 0, 0};
    }
    size_t class = (index + a->before) % a->stride, at = (index + a->before) / a->stride;
    size_t taps = taps_of_class(a, class), first = at >= a->image ? at - a->image + 1 : 0, end = least(taps, at + 1);
    if (first >= end) return (sight){0, 0, 0};
    size_t before = 0;
    for (size_t c = 0; c < class; c++) before += taps_of_class(a, c);
    return (sight){before + taps - end, end - first, at + 1 - end};
}

// ---- The plan ----

typedef struct {
    bool bfloat16, result_bfloat16, gradient;
    axis y, x;
    size_t batch;
    size_t channels, outputs;  ///< channels of the image and of the result
    size_t row;  ///< elements of a packed row of the window: floats, or pairs
    size_t vectors, blocks;  ///< of the outputs
    size_t places;  ///< of the widest tile
    size_t groups;  ///< of images
    const float *w, *bias;
    float slope;
    const char *image;
    char *result;
    uint32_t *packed;
} plan;

static plan make_plan(const gk_convolution_shape *s, const gk_convolution_kind *kind) {
    bool g = kind->input_gradient;
    plan p = {.bfloat16 = kind->bfloat16, .result_bfloat16 = kind->result_bfloat16, .gradient = g,
              .y = {s->window_height, s->stride_y, s->top, g ? s->rows : s->height, g ? s->height : s->rows, g},
              .x = {s->window_width, s->stride_x, s->left, g ? s->columns : s->width, g ? s->width : s->columns, g},
              .batch = s->batch, .channels = g ? s->filters : s->channels, .outputs = g ? s->channels : s->filters,
              .bias = kind->bias, .slope = kind->slope};
    p.row = (s->window_width * p.channels + p.bfloat16) / (p.bfloat16 ? 2 : 1);
    p.vectors = (p.outputs + LANES - 1) / LANES;
    p.blocks = (p.vectors + TILE_VECTORS - 1) / TILE_VECTORS;
    p.places = most_places[(p.vectors + p.blocks - 1) / p.blocks];
    if (p.y.image * p.x.image * p.channels * (p.bfloat16 ? 2 : 4) % ALIASED == 0) p.places = least(p.places, WAYS);
    p.groups = (p.batch + p.places - 1) / p.places;
    return p;
}

/// The first vector of a block of outputs.
static size_t first_vector(const plan *p, size_t block) { return p->vectors * block / p->blocks; }

// ---- Packing ----

/// Weights of 16 outputs, for one number of the image that the packed row of the window meets.
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

/// What `weights` gathers for the input gradient, faster, where no pair is of two taps.
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

/// [block][position][element][output], in units of the first two.
AVX512 static void pack_part(const void *context, size_t begin, size_t end) {
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

// ---- Tiles ----

/// One tile and what it sees: in each of `rows`, the second half of a pair, if `head`, then `elements`, then the first
/// half of a pair, if `tail`. Pitches are in bytes, the packed row in elements of 4.
typedef struct {
    const char *image;
    const uint32_t *packed;
    size_t rows, elements;
    bool head, tail;
    size_t pitch, row, packed_row;
    char *result;
    size_t result_pitch;
    const float *bias;
    float slope;
    bool result_bfloat16;
    __mmask16 last;  ///< the outputs that exist in the last vector
} tile;

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
// In this order what is spread and used once is an operand in memory, which is much faster with one vector.
#define MULTIPLY_PAIRS(a, b, sum) _mm512_dpbf16_ps(sum, (__m512bh)(b), (__m512bh)(a))
#define STORE_NOTHING(target, real, value)
#define STORE_BFLOAT16(target, real, value) \
    _mm256_mask_storeu_epi16(target, real, (__m256i)_mm512_cvtneps_pbh(value))
TILE(tile_float, AVX512, false, MULTIPLY_FLOAT, STORE_NOTHING)
TILE(tile_pairs, AVX512_BF16, true, MULTIPLY_PAIRS, STORE_BFLOAT16)

// A compiled function for every number of places and vectors, so that the sums are registers.
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
static void (*const tiles[2][TILE_PLACES][TILE_VECTORS])(const tile *) = {ALL_NAMES(tile_float),
                                                                          ALL_NAMES(tile_pairs)};

// ---- The whole ----

/// Units are [block of outputs][group of images][row of the result]: weights stay in the second-level cache for all
/// images, and the images of a group for all its places.
static void tiles_part(const void *context, size_t begin, size_t end) {
    const plan *p = context;
    size_t size = p->bfloat16 ? 2 : 4, result_size = p->result_bfloat16 ? 2 : 4;
    size_t pixel = p->channels * size, image = p->y.image * p->x.image * pixel;
    size_t result_pixel = p->outputs * result_size, result_image = p->y.result * p->x.result * result_pixel;
    // Columns of the result `apart` from each other meet the same taps, `step` columns of the image apart.
    size_t apart = p->gradient ? p->x.stride : 1, step = p->gradient ? 1 : p->x.stride;
    for (size_t unit = begin; unit < end; unit++) {
        size_t y = unit % p->y.result, group = unit / p->y.result % p->groups, block = unit / p->y.result / p->groups;
        size_t first = first_vector(p, block), vectors = first_vector(p, block + 1) - first;
        size_t n = p->batch * group / p->groups, images = p->batch * (group + 1) / p->groups - n;
        size_t last = least(p->outputs - first * LANES, vectors * LANES) - (vectors - 1) * LANES;
        sight rows = look(&p->y, y);
        tile t = {.rows = rows.count, .row = p->x.image * pixel, .packed_row = p->row * vectors * LANES,
                  .bias = p->bias ? p->bias + first * LANES : NULL, .slope = p->slope,
                  .result_bfloat16 = p->result_bfloat16, .last = (__mmask16)((1u << last) - 1)};
        const uint32_t *packed = p->packed + (first * p->y.taps + rows.position * vectors) * p->row * LANES;
        const char *source = p->image + n * image + rows.image * t.row;
        char *result = p->result + n * result_image + y * p->x.result * result_pixel + first * LANES * result_size;
        for (size_t class = 0; class < least(apart, p->x.result); class++) {
            sight seen = look(&p->x, class), next = seen;
            for (size_t x = class, same; x < p->x.result; x += same * apart, seen = next) {
                for (same = 1; x + same * apart < p->x.result; same++) {
                    next = look(&p->x, x + same * apart);
                    if (next.count != seen.count || next.position != seen.position) break;
                }
                size_t from = seen.position * p->channels, to = from + seen.count * p->channels;
                if (p->bfloat16) {
                    t.head = from % 2 != 0 && seen.count > 0;
                    t.tail = to % 2 != 0 && seen.count > 0;
                    t.elements = to / 2 - least((from + 1) / 2, to / 2);
                    from /= 2;
                } else t.elements = to - from;
                t.packed = packed + from * vectors * LANES;
                // Images, because each is then read in one stretch, unless they are few and the columns many.
                size_t across = (same + p->places - 1) / p->places;
                bool columns = same / across > 2 * images;
                t.pitch = columns ? step * pixel : image;
                t.result_pitch = columns ? apart * result_pixel : result_image;
                for (size_t i = 0; i < (columns ? images * across : same); i++) {
                    size_t at = columns ? i / across : 0, column = columns ? same * (i % across) / across : i;
                    size_t places = columns ? same * (i % across + 1) / across - column : images;
                    t.image = source + at * image + (seen.image + column * step) * pixel;
                    t.result = result + at * result_image + (x + column * apart) * result_pixel;
                    tiles[p->bfloat16][places - 1][vectors - 1](&t);
                }
            }
        }
    }
}

size_t gk_convolution_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind) {
    plan p = make_plan(shape, kind);
    return (p.vectors * p.y.taps * p.row + 1) * LANES * sizeof(uint32_t);
}

void gk_convolution(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                    const float *w, void *result, void *scratch) {
    plan p = make_plan(shape, kind);
    p.image = image;
    p.w = w;
    p.result = result;
    p.packed = (uint32_t *)round_up((uintptr_t)scratch, LANES * sizeof(uint32_t));
    size_t packed = p.vectors * p.y.taps * p.row * LANES, units = p.blocks * p.groups * p.y.result;
    gk_divide(pack_part, &p, p.blocks * p.y.taps, 1, packed);
    gk_divide(tiles_part, &p, units, 1, units * p.x.result * packed / p.blocks / p.y.taps);
}

#else

size_t gk_convolution_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind) { return 0; }
void gk_convolution(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                    const float *w, void *result, void *scratch) {}

#endif
