// The gradient of a convolution's filters from bfloat16 in the matrix registers.
//
// The depth of a product is 32 images at one position. x is packed transposed, each channel's images next to each other;
// dy as pairs of images. A tile of dw is up to 32 channels times 32 filters of one tap, summed over the output positions
// where the tap lies inside the image.

enum {
    NARROW = 4,           ///< fewer channels than this fill too little of a tile
    IN_CACHE = 768 << 10  ///< bytes of x and dy that stay in the second-level cache
};

typedef struct {
    size_t rows, columns, left, all_columns;  ///< of which `left` zeros come first
    size_t channels, padded, blocks;          ///< `padded`: those that are stored, of all blocks
    size_t image;                             ///< bytes of an image that is read
    size_t group;                             ///< bytes of SIDE packed images
    char *packed;
} amx_operand;

typedef struct {
    gk_convolution_shape shape;  ///< as the tiles use it
    amx_operand x, dy;
    size_t groups_at_once;       ///< of SIDE images, packed together
    size_t groups, cached_rows;  ///< of those; and rows of dy that all taps read before the next ones
    size_t first;                ///< group
    const char *source_x, *source_dy;
    float *dw;
} amx_plan;

/// With few channels, the columns of the window are treated as channels too: they are adjacent in x, which then has
/// columns of zeros where a window extends over the image's edge.
static amx_plan plan_amx(const gk_convolution_shape *shape) {
    amx_plan p = {.shape = *shape};
    gk_convolution_shape *s = &p.shape;
    p.x = (amx_operand){.rows = s->height, .columns = s->width, .all_columns = s->width, .channels = s->channels,
                        .padded = s->channels, .blocks = (s->channels + SIDE - 1) / SIDE};
    p.x.image = s->height * s->width * s->channels * 2;
    if (s->channels < NARROW && s->window_width > 1 && s->channels * s->window_width <= SIDE) {
        p.x.left = s->left;
        s->width = p.x.all_columns = (s->columns - 1) * s->stride_x + s->window_width;
        s->channels *= s->window_width;
        s->window_width = 1;
        s->left = 0;
    }
    p.x.group = s->height * p.x.all_columns * p.x.padded * ROW_BYTES;
    p.dy = (amx_operand){.rows = s->rows, .columns = s->columns, .all_columns = s->columns, .channels = s->filters,
                         .padded = round_up(s->filters, LANES), .blocks = (s->filters + SIDE - 1) / SIDE};
    p.dy.image = s->rows * s->columns * s->filters * 2;
    p.dy.group = s->rows * s->columns * p.dy.padded * ROW_BYTES;
    size_t groups = (s->batch + SIDE - 1) / SIDE, bytes = p.x.group + p.dy.group;
    p.groups_at_once = bytes > PACKED ? 1 : least(PACKED / bytes, groups);
    // A block of x and one of dy.
    size_t row = s->columns * SIDE * ROW_BYTES + s->stride_y * p.x.all_columns * least(p.x.padded, SIDE) * ROW_BYTES;
    p.cached_rows = least(row > IN_CACHE ? 1 : IN_CACHE / row, s->rows);
    return p;
}

// ---- Packing ----

/// Elements [0, count) of up to SIDE images, at most SIDE, in rows of `target`: one for each element.
TARGET_AMX static void pack_across(const char *source, size_t image, size_t images, size_t count, char *target) {
    for (size_t first = 0; first < count; first += LANES) {
        floats pairs[LANES];
        load_row_pairs(pairs, source + first * 2, image, images, count - first);
        transpose(pairs);
        store_rows(pairs, count - first, target + first * ROW_BYTES, ROW_BYTES);
    }
}

/// Packs row `y` of x in a group of images.
TARGET_AMX static void pack_x_row(const amx_plan *p, size_t group, size_t y) {
    const amx_operand *x = &p->x;
    size_t first = (p->first + group) * SIDE, images = least(p->shape.batch - first, SIDE);
    const char *source = p->source_x + first * x->image + y * x->columns * x->channels * 2;
    char *target = x->packed + group * x->group;
    if (p->shape.channels != x->channels) {  // narrow: columns are channels
        size_t all = x->all_columns * x->channels, left = least(x->left * x->channels, all);
        size_t real = least(x->columns * x->channels, all - left);
        target += y * all * ROW_BYTES;
        memset(target, 0, left * ROW_BYTES);
        for (size_t e = 0; e < real; e += SIDE)
            pack_across(source + e * 2, x->image, images, least(real - e, SIDE), target + (left + e) * ROW_BYTES);
        memset(target + (left + real) * ROW_BYTES, 0, (all - left - real) * ROW_BYTES);
        return;
    }
    for (size_t column = 0; column < x->columns; column++)
        for (size_t c = 0; c < x->channels; c += SIDE) {
            size_t count = least(x->channels - c, SIDE);
            char *block = target + (c * x->rows + y * count) * x->columns * ROW_BYTES;
            pack_across(source + (column * x->channels + c) * 2, x->image, images, count, block + column * count * ROW_BYTES);
        }
}

/// Packs row `y` of dy in a group of images: for each position of a block TILE_PAIRS rows of pairs.
TARGET_AMX static void pack_dy_row(const amx_plan *p, size_t group, size_t y) {
    const amx_operand *dy = &p->dy;
    size_t first = (p->first + group) * SIDE, images = least(p->shape.batch - first, SIDE);
    const char *source = p->source_dy + first * dy->image + y * dy->columns * dy->channels * 2;
    char *target = dy->packed + group * dy->group;
    for (size_t f = 0; f < dy->padded; f += SIDE) {
        size_t count = least(dy->padded - f, SIDE);
        char *to = target + (f * dy->rows + y * count) * dy->columns * ROW_BYTES;
        for (size_t column = 0; column < dy->columns; column++, to += count * ROW_BYTES)
            for (size_t v = 0; v < count; v += LANES) {
                floats pairs[LANES];
                const char *from = source + (column * dy->channels + f + v) * 2;
                load_row_pairs(pairs, from, dy->image, images, dy->channels - f - v);
                store_rows(pairs, LANES, to + v * 4, count * 4);
            }
    }
}

/// Rows of x and then of dy, of all groups. `context` is the plan.
static void pack_amx(const void *context, size_t begin, size_t end) {
    const amx_plan *p = context;
    size_t rows = p->groups * p->x.rows;
    for (size_t row = begin; row < end; row++)
        if (row < rows) pack_x_row(p, row / p->x.rows, row % p->x.rows);
        else pack_dy_row(p, (row - rows) / p->dy.rows, (row - rows) % p->dy.rows);
}

// ---- Tiles ----

/// The output positions of a tile, and the distances between them in bytes.
typedef struct {
    const char *x, *dy;
    size_t rows, columns;
    size_t x_row, x_column, dy_row, dy_column;
    char *dw;
    size_t pitch;  ///< of dw
    bool add;      ///< to dw
} amx_tile;

TARGET_AMX INLINE void filter_amx(const amx_tile *t, const bool two_rows, const bool two_columns) {
    if (t->add) load_amx(t->dw, t->pitch, two_rows, two_columns);
    else zero_amx();
    for (size_t i = 0; i < t->rows; i++) {
        const char *x = t->x + i * t->x_row, *dy = t->dy + i * t->dy_row;
        for (size_t j = 0; j < t->columns; j++, x += t->x_column, dy += t->dy_column)
            multiply_amx(x, ROW_BYTES, dy, two_columns ? 2 * ROW_BYTES : ROW_BYTES, two_rows, two_columns);
    }
    store_amx(t->dw, t->pitch, two_rows, two_columns);
}

/// What is added to a block of dw at a time: `cached_rows` rows of dy from `row` on, in a group of images.
typedef struct {
    size_t channel, filter;  ///< the block's first
    size_t group, row;
    const span *rows, *columns;  ///< by tap
} amx_chunk;

/// Adds the products of a chunk to taps [begin, end).
TARGET_AMX static void add_amx_chunk(const amx_plan *p, const amx_chunk *k, size_t begin, size_t end) {
    const gk_convolution_shape *s = &p->shape;
    size_t channels = least(s->channels - k->channel, SIDE), filters = least(s->filters - k->filter, SIDE);
    // Channels and filters from one packed position to the next.
    size_t stored = s->channels != p->x.channels ? p->x.channels : channels, stored_filters = round_up(filters, LANES);
    const char *x = p->x.packed + k->group * p->x.group + k->channel * s->height * s->width * ROW_BYTES;
    const char *dy = p->dy.packed + k->group * p->dy.group + k->filter * s->rows * s->columns * ROW_BYTES;
    for (size_t tap = begin; tap < end; tap++) {
        size_t ky = tap / s->window_width, kx = tap % s->window_width;
        size_t i = k->rows[ky].begin < k->row ? k->row : k->rows[ky].begin, j = k->columns[kx].begin;
        size_t i_end = least(k->rows[ky].end, k->row + p->cached_rows), j_end = k->columns[kx].end;
        amx_tile t = {.dw = (char *)(p->dw + (tap * s->channels + k->channel) * s->filters + k->filter),
                      .pitch = s->filters * sizeof(float), .add = p->first + k->group + k->row > 0};
        if (i < i_end && j < j_end) {
            t.rows = i_end - i;
            t.columns = j_end - j;
            t.x_column = s->stride_x * stored * ROW_BYTES;
            t.x_row = s->stride_y * s->width * stored * ROW_BYTES;
            t.x = x + ((i * s->stride_y + ky - s->top) * s->width + j * s->stride_x + kx - s->left) * stored * ROW_BYTES;
            t.dy_column = stored_filters * ROW_BYTES;
            t.dy_row = s->columns * t.dy_column;
            t.dy = dy + i * t.dy_row + j * t.dy_column;
        }
        if (t.rows == 0 && t.add) continue;
#define CALL(TWO_ROWS, TWO_COLUMNS) filter_amx(&t, TWO_ROWS, TWO_COLUMNS)
        BY_HALVES(channels, filters, CALL);
#undef CALL
    }
}

/// Units are [block of filters][block of channels][tap]. `context` is the plan.
TARGET_AMX static void filter_amx_part(const void *context, size_t begin, size_t end) {
    const amx_plan *p = context;
    const gk_convolution_shape *s = &p->shape;
    size_t taps = s->window_height * s->window_width, blocks = (s->channels + SIDE - 1) / SIDE;
    span rows[s->window_height], columns[s->window_width];
    find_spans(rows, s->window_height, s->rows, s->stride_y, s->top, s->height);
    find_spans(columns, s->window_width, s->columns, s->stride_x, s->left, s->width);
    for (size_t block = begin / taps; block * taps < end; block++) {
        amx_chunk k = {.filter = block / blocks * SIDE, .channel = block % blocks * SIDE, .rows = rows, .columns = columns};
        size_t from = begin > block * taps ? begin - block * taps : 0, to = least(taps, end - block * taps);
        configure_amx(least(s->channels - k.channel, SIDE), least(s->filters - k.filter, SIDE));
        for (k.group = 0; k.group < p->groups; k.group++)
            for (k.row = 0; k.row < s->rows; k.row += p->cached_rows) add_amx_chunk(p, &k, from, to);
    }
    release_amx();
}

static size_t filter_gradient_scratch(const gk_convolution_shape *shape) {
    amx_plan p = plan_amx(shape);
    return p.groups_at_once * (p.x.group + p.dy.group) + ROW_BYTES;
}

static void filter_gradient(const gk_convolution_shape *shape, const void *x, const void *dy, float *dw, void *scratch) {
    amx_plan p = plan_amx(shape);
    const gk_convolution_shape *s = &p.shape;
    p.source_x = x;
    p.source_dy = dy;
    p.dw = dw;
    p.x.packed = (char *)round_up((uintptr_t)scratch, ROW_BYTES);
    p.dy.packed = p.x.packed + p.groups_at_once * p.x.group;
    size_t groups = (s->batch + SIDE - 1) / SIDE;
    size_t units = p.dy.blocks * ((s->channels + SIDE - 1) / SIDE) * s->window_height * s->window_width;
    for (; p.first < groups; p.first += p.groups_at_once) {
        p.groups = least(p.groups_at_once, groups - p.first);
        size_t elements = p.groups * (p.x.group + p.dy.group) / 2;
        gk_divide(pack_amx, &p, p.groups * (p.x.rows + p.dy.rows), 1, elements);
        gk_divide(filter_amx_part, &p, units, 1, convolution_work(s) * p.groups / groups);
    }
}
