// The gradient of a convolution's filters, as sums of outer products held in registers.
//
// Elements are 4 bytes: a float, or the bfloat16 of two successive images, packed next to each other, which the dot
// product instruction multiplies and adds at once. A tile of dw is up to 6 channels times TILE_FILTERS filters of one
// tap of the window. Only output positions where the tap lies inside the image are visited.

#include "FilterPacking.h"
#include "FilterSpans.h"

enum {
    TILE_FILTERS = TILE_VECTORS * LANES,
    ALIASED_PIXELS = 2048,  ///< distance in bytes
    FAR = 256,  ///< distance in bytes from which pixels are worth packing
    NARROW = 4  ///< fewer channels than this would fill too few registers
};

// ---- Tiles ----

/// One tile of dw and the output positions that it sums over. Distances are in elements of 4 bytes.
typedef struct {
    const uint32_t *x, *dy;
    size_t images, rows, columns;
    size_t x_image, x_row, x_column, dy_image, dy_row, dy_column;
    float *dw;
    size_t filters;
    size_t last;  ///< filters that exist in the last vector
    bool add;  ///< to the sums of earlier positions in dw
} filter_tile;

#define TILE(NAME, TARGET, MULTIPLY)                                                                            \
    TARGET INLINE void NAME(const filter_tile *t, const int channels, const int vectors) {                      \
        floats sum[TILE_CHANNELS][TILE_VECTORS];                                                                \
        mask last = first_lanes(t->last);                                                                       \
        for (int c = 0; c < channels; c++)                                                                      \
            for (int v = 0; v < vectors; v++)                                                                   \
                sum[c][v] = !t->add ? zeros()                                                                   \
                            : v < vectors - 1 ? load(t->dw + (size_t)c * t->filters + v * LANES)                \
                                              : load_lanes(last, t->dw + (size_t)c * t->filters + v * LANES);   \
        for (size_t n = 0; n < t->images; n++)                                                                  \
            for (size_t i = 0; i < t->rows; i++) {                                                              \
                const uint32_t *x = t->x + n * t->x_image + i * t->x_row;                                       \
                const uint32_t *dy = t->dy + n * t->dy_image + i * t->dy_row;                                   \
                for (size_t j = 0; j < t->columns; j++, x += t->x_column, dy += t->dy_column) {                 \
                    floats right[TILE_VECTORS];                                                                 \
                    for (int v = 0; v < vectors; v++) right[v] = load(dy + v * LANES);                          \
                    for (int c = 0; c < channels; c++) {                                                        \
                        floats left = spread(x + c);                                                            \
                        for (int v = 0; v < vectors; v++) sum[c][v] = MULTIPLY(left, right[v], sum[c][v]);      \
                    }                                                                                           \
                }                                                                                               \
            }                                                                                                   \
        for (int c = 0; c < channels; c++)                                                                      \
            for (int v = 0; v < vectors; v++) {                                                                 \
                float *dw = t->dw + (size_t)c * t->filters + v * LANES;                                         \
                if (v < vectors - 1 || t->last == LANES) store(dw, sum[c][v]);                                  \
                else store_lanes(dw, last, sum[c][v]);                                                          \
            }                                                                                                   \
    }

TILE(filter_floats, TARGET, multiply_add)

// One compiled function for every size, so that the sums are in registers.
#define DEFINE(C, V) TARGET static void filter_floats_##C##_##V(const filter_tile *t) { filter_floats(t, C, V); }
#define ENTRY(C, V) [C - 1][V - 1] = filter_floats_##C##_##V,
SIX_ROW_TILES(DEFINE)
static void (*const filter_tiles[TILE_CHANNELS][TILE_VECTORS])(const filter_tile *) = {SIX_ROW_TILES(ENTRY)};
#undef DEFINE
#undef ENTRY

#ifdef PAIRS
TILE(filter_pairs, TARGET_PAIRS, multiply_add_pairs)

#define DEFINE(C, V) TARGET_PAIRS static void filter_pairs_##C##_##V(const filter_tile *t) { filter_pairs(t, C, V); }
#define ENTRY(C, V) [C - 1][V - 1] = filter_pairs_##C##_##V,
SIX_ROW_TILES(DEFINE)
static void (*const filter_pair_tiles[TILE_CHANNELS][TILE_VECTORS])(const filter_tile *) = {SIX_ROW_TILES(ENTRY)};
#undef DEFINE
#undef ENTRY
#endif
#undef TILE

static void run_filter_tile(bool bfloat16, size_t channels, size_t vectors, const filter_tile *t) {
#ifdef PAIRS
    if (bfloat16) {
        filter_pair_tiles[channels - 1][vectors - 1](t);
        return;
    }
#endif
    filter_tiles[channels - 1][vectors - 1](t);
}

// ---- Plan and kernel ----

typedef struct {
    gk_convolution_shape shape;  ///< as the tiles use it
    bool bfloat16, add;
    packing x, dy;
    size_t images, images_at_once;  ///< pairs if bfloat16
    size_t cached_images, cached_rows;
    size_t channel_blocks;
    size_t x_pitch;  ///< elements from one pixel to the next
    float *dw;
} filter_plan;

/// With few channels, the columns of the window are treated as channels too: they are adjacent in x. Then x needs
/// columns of zeros where a window extends over the image's edge.
static filter_plan plan_filter(const gk_convolution_shape *shape, bool bfloat16) {
    filter_plan p = {.shape = *shape, .bfloat16 = bfloat16, .x_pitch = shape->channels};
    gk_convolution_shape *s = &p.shape;
    bool narrow = s->channels < NARROW && s->window_width > 1;
    p.x = (packing){.bfloat16 = bfloat16, .direct = !bfloat16 && !narrow, .rows = s->height, .columns = s->width,
                    .channels = s->channels, .all_columns = s->width};
    if (narrow) {
        p.x.left = s->left;
        s->width = p.x.all_columns = (s->columns - 1) * s->stride_x + s->window_width;
        s->channels *= s->window_width;
        s->window_width = 1;
        s->left = 0;
    }
    p.channel_blocks = (s->channels + TILE_CHANNELS - 1) / TILE_CHANNELS;
    // Pixels that are so far apart share one set of the first-level cache. Others are read faster if they are next to each
    // other, where that cache is small.
    size_t pixel = s->channels * sizeof(float);
    bool far = !DIRECT && s->channels > TILE_CHANNELS && (s->stride_x > 1 || pixel >= FAR);
    if (p.x.direct && (pixel % ALIASED_PIXELS == 0 || far)) {
        p.x.direct = false;
        p.x.blocks = p.channel_blocks;
        p.x.wide = TILE_CHANNELS;
        p.x.padded = s->channels;
    }
    bool whole = s->filters % LANES == 0 && (DIRECT || narrow || s->filters <= TILE_FILTERS);
    p.dy = (packing){.bfloat16 = bfloat16, .direct = !bfloat16 && whole, .rows = s->rows, .columns = s->columns,
                     .channels = s->filters, .blocks = (s->filters + TILE_FILTERS - 1) / TILE_FILTERS,
                     .wide = TILE_FILTERS, .padded = round_up(s->filters, LANES)};
    p.images = bfloat16 ? (s->batch + 1) / 2 : s->batch;
    p.x.images = p.dy.images = 1;
    size_t image = (packed_size(&p.x) + packed_size(&p.dy)) * sizeof(uint32_t);
    size_t passes = least((image * p.images + PACKED - 1) / PACKED, p.images);
    p.images_at_once = passes == 0 ? p.images : (p.images + passes - 1) / passes;
    size_t row = s->columns * TILE_FILTERS * sizeof(uint32_t), rows = row > CACHED ? 1 : CACHED / row;
    p.cached_rows = least(rows, s->rows);
    p.cached_images = rows / p.cached_rows;
    return p;
}

/// The first channel of a block.
static size_t first_channel(const filter_plan *p, size_t block) {
    return p->x.blocks ? least(block * TILE_CHANNELS, p->shape.channels) : p->shape.channels * block / p->channel_blocks;
}

/// Images [n, n + images) and rows [row, end) of dy, which stay in the cache while all tiles of some filters read them.
typedef struct {
    size_t n, images, row, end;
    size_t filter, vectors, last;
    const uint32_t *dy;
    size_t dy_pitch;
} filter_chunk;

/// Adds the products of a chunk to tiles [begin, end), in the order of [block of channels][tap].
TARGET static void add_chunk(const filter_plan *p, const filter_chunk *k, const span *rows, const span *columns, size_t begin,
                             size_t end) {
    const gk_convolution_shape *s = &p->shape;
    size_t taps = s->window_height * s->window_width, block = begin / taps, tap = begin % taps;
    size_t ky = tap / s->window_width, kx = tap % s->window_width, first = first_channel(p, block);
    float *dw = p->dw + k->filter;
    for (size_t index = begin; index < end; index++) {
        size_t channels = first_channel(p, block + 1) - first, pitch = p->x.blocks ? channels : p->x_pitch;
        size_t i = rows[ky].begin < k->row ? k->row : rows[ky].begin, i_end = least(rows[ky].end, k->end);
        size_t j = columns[kx].begin, j_end = columns[kx].end;
        filter_tile t = {.dw = dw + (tap * s->channels + first) * s->filters, .filters = s->filters, .last = k->last,
                  .add = p->add || k->n + k->row > 0};
        if (i < i_end && j < j_end) {
            t.images = k->images;
            t.rows = i_end - i;
            t.columns = j_end - j;
            t.x_column = s->stride_x * pitch;
            t.x_row = s->stride_y * s->width * pitch;
            t.x_image = s->height * s->width * pitch;
            size_t at = p->x.blocks ? first * p->x.images * s->height * s->width : first;
            t.x = p->x.target + k->n * t.x_image + at
                + ((i * s->stride_y + ky - s->top) * s->width + j * s->stride_x + kx - s->left) * pitch;
            t.dy_column = k->dy_pitch;
            t.dy_row = s->columns * k->dy_pitch;
            t.dy_image = s->rows * t.dy_row;
            t.dy = k->dy + k->n * t.dy_image + i * t.dy_row + j * k->dy_pitch;
        }
        if (++kx == s->window_width) kx = 0, ky++;
        if (++tap == taps) tap = ky = 0, first = first_channel(p, ++block);
        // The next tile of dw is in a cache far away, because every chunk adds to all of them.
        for (size_t c = 0; c < TILE_CHANNELS; c++)
            __builtin_prefetch(dw + (tap * s->channels + first + c) * s->filters, 1);
        if (t.images > 0 || !t.add) run_filter_tile(p->bfloat16, channels, k->vectors, &t);
    }
}

/// Tiles in the order of [block of filters, block of channels, tap].
TARGET static void filter_part(const void *context, size_t begin, size_t end) {
    const filter_plan *p = context;
    const gk_convolution_shape *s = &p->shape;
    size_t per_filters = p->channel_blocks * s->window_height * s->window_width;
    span rows[s->window_height], columns[s->window_width];
    find_spans(rows, s->window_height, s->rows, s->stride_y, s->top, s->height);
    find_spans(columns, s->window_width, s->columns, s->stride_x, s->left, s->width);
    for (size_t f = begin / per_filters; f * per_filters < end; f++) {
        filter_chunk k = {.filter = f * TILE_FILTERS};
        k.vectors = least(p->dy.padded - k.filter, TILE_FILTERS) / LANES;
        k.last = least(s->filters - k.filter, TILE_FILTERS) - (k.vectors - 1) * LANES;
        k.dy_pitch = p->dy.direct ? s->filters : k.vectors * LANES;
        k.dy = p->dy.target + k.filter * (p->dy.direct ? 1 : p->dy.images * s->rows * s->columns);
        size_t from = begin > f * per_filters ? begin - f * per_filters : 0;
        size_t to = least(per_filters, end - f * per_filters);
        for (k.n = 0; k.n < p->dy.images; k.n += p->cached_images) {
            k.images = least(p->cached_images, p->dy.images - k.n);
            for (k.row = 0; k.row < s->rows; k.row += p->cached_rows) {
                k.end = k.row + p->cached_rows;
                add_chunk(p, &k, rows, columns, from, to);
            }
        }
    }
}

static size_t filter_gradient_scratch(const gk_convolution_shape *shape, bool bfloat16) {
    filter_plan p = plan_filter(shape, bfloat16);
    p.x.images = p.dy.images = p.images_at_once;
    return (packed_size(&p.x) + packed_size(&p.dy) + LANES) * sizeof(uint32_t);
}

/// Packs images from `image` on, or points to them in place.
static void prepare(packing *p, const void *source, size_t image, size_t images, size_t batch, uint32_t *target) {
    size_t first = image * (p->bfloat16 ? 2 : 1);
    p->source = (const char *)source + first * p->rows * p->columns * p->channels * (p->bfloat16 ? 2 : 4);
    p->target = p->direct ? (uint32_t *)p->source : target;
    p->images = images;
    p->batch = batch - first;
    if (!p->direct) gk_divide(pack_part, p, images * p->rows, 1, packed_size(p));
}

static void filter_gradient(const gk_convolution_shape *shape, bool bfloat16, const void *x, const void *dy,
                            float *dw, void *scratch) {
    filter_plan p = plan_filter(shape, bfloat16);
    const gk_convolution_shape *s = &p.shape;
    uint32_t *aligned = (uint32_t *)round_up((uintptr_t)scratch, LANES * sizeof(uint32_t));
    p.dw = dw;
    for (size_t n = 0; n < p.images; n += p.images_at_once) {
        size_t images = least(p.images_at_once, p.images - n);
        prepare(&p.x, x, n, images, s->batch, aligned);
        prepare(&p.dy, dy, n, images, s->batch, aligned + packed_size(&p.x));
        p.add = n > 0;
        size_t count = p.dy.blocks * p.channel_blocks * s->window_height * s->window_width;
        gk_divide(filter_part, &p, count, 1, convolution_work(s) * images / p.images);
    }
}
