// The gradient of a convolution's filters from bfloat16 in the matrix registers.
//
// The depth of a product is 32 images at one position. x is packed transposed, each channel's images next to each other;
// dy as pairs of images. A tile of dw is up to 32 channels times 32 filters of one tap, summed over the output positions
// where the tap lies inside the image.

enum {
    DEPTH = 2 * TILE_PAIRS,  ///< images
    WIDE = 2 * LANES,        ///< channels or filters of a block
    NARROW = 4,              ///< fewer channels than this fill too little of a tile
    IN_CACHE = 768 << 10     ///< bytes of x and dy that stay in the second-level cache
};

typedef struct {
    size_t rows, columns, left, all_columns;  ///< of which `left` zeros come first
    size_t channels, padded, blocks;          ///< `padded`: those that are stored, of all blocks
    size_t image;                             ///< bytes of an image that is read
    size_t group;                             ///< bytes of DEPTH packed images
    char *packed;
} amx_operand;

typedef struct {
    gk_convolution_shape shape;  ///< as the tiles use it
    amx_operand x, dy;
    size_t groups_at_once;       ///< of DEPTH images, packed together
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
                        .padded = s->channels, .blocks = (s->channels + WIDE - 1) / WIDE};
    p.x.image = s->height * s->width * s->channels * 2;
    if (s->channels < NARROW && s->window_width > 1 && s->channels * s->window_width <= WIDE) {
        p.x.left = s->left;
        s->width = p.x.all_columns = (s->columns - 1) * s->stride_x + s->window_width;
        s->channels *= s->window_width;
        s->window_width = 1;
        s->left = 0;
    }
    p.x.group = s->height * p.x.all_columns * p.x.padded * ROW_BYTES;
    p.dy = (amx_operand){.rows = s->rows, .columns = s->columns, .all_columns = s->columns, .channels = s->filters,
                         .padded = round_up(s->filters, LANES), .blocks = (s->filters + WIDE - 1) / WIDE};
    p.dy.image = s->rows * s->columns * s->filters * 2;
    p.dy.group = s->rows * s->columns * p.dy.padded * ROW_BYTES;
    size_t groups = (s->batch + DEPTH - 1) / DEPTH, bytes = p.x.group + p.dy.group;
    p.groups_at_once = bytes > PACKED ? 1 : least(PACKED / bytes, groups);
    // A block of x and one of dy.
    size_t row = s->columns * WIDE * ROW_BYTES + s->stride_y * p.x.all_columns * least(p.x.padded, WIDE) * ROW_BYTES;
    p.cached_rows = least(row > IN_CACHE ? 1 : IN_CACHE / row, s->rows);
    return p;
}

// ---- Packing ----

/// Elements [0, count) of up to DEPTH images, at most WIDE, in 16-bit rows of `target`: one for each element.
TARGET_AMX static void pack_across(const char *source, size_t image, size_t images, size_t count, char *target) {
    mask low = first_lanes(count), high = first_lanes(count > LANES ? count - LANES : 0);
    floats rows[2][LANES];
    FULL for (size_t pair = 0; pair < TILE_PAIRS; pair++) {
        const char *a = source + 2 * pair * image, *b = a + image;
        mask none = first_lanes(0), has_a = 2 * pair < images ? low : none, has_b = 2 * pair + 1 < images ? low : none;
        rows[0][pair] = load_two(has_a, a, has_b, b);
        if (count <= LANES) continue;
        has_a = 2 * pair < images ? high : none;
        has_b = 2 * pair + 1 < images ? high : none;
        rows[1][pair] = load_two(has_a, a + LANES * 2, has_b, b + LANES * 2);
    }
    for (size_t half = 0; half * LANES < count; half++) {
        transpose(rows[half]);
        for (size_t i = 0; i < least(count - half * LANES, LANES); i++)
            store(target + (half * LANES + i) * ROW_BYTES, rows[half][i]);
    }
}

/// Packs row `y` of x in a group of images.
TARGET_AMX static void pack_x_row(const amx_plan *p, size_t group, size_t y) {
    const amx_operand *x = &p->x;
    size_t first = (p->first + group) * DEPTH, images = least(p->shape.batch - first, DEPTH);
    const char *source = p->source_x + first * x->image + y * x->columns * x->channels * 2;
    char *target = x->packed + group * x->group;
    if (p->shape.channels != x->channels) {  // narrow: columns are channels
        size_t all = x->all_columns * x->channels, left = least(x->left * x->channels, all);
        size_t real = least(x->columns * x->channels, all - left);
        target += y * all * ROW_BYTES;
        memset(target, 0, left * ROW_BYTES);
        for (size_t e = 0; e < real; e += WIDE)
            pack_across(source + e * 2, x->image, images, least(real - e, WIDE), target + (left + e) * ROW_BYTES);
        memset(target + (left + real) * ROW_BYTES, 0, (all - left - real) * ROW_BYTES);
        return;
    }
    for (size_t column = 0; column < x->columns; column++)
        for (size_t c = 0; c < x->channels; c += WIDE) {
            size_t count = least(x->channels - c, WIDE);
            char *block = target + (c * x->rows + y * count) * x->columns * ROW_BYTES;
            pack_across(source + (column * x->channels + c) * 2, x->image, images, count, block + column * count * ROW_BYTES);
        }
}

/// Packs row `y` of dy in a group of images: for each position of a block TILE_PAIRS rows of pairs.
TARGET_AMX static void pack_dy_row(const amx_plan *p, size_t group, size_t y) {
    const amx_operand *dy = &p->dy;
    size_t first = (p->first + group) * DEPTH, images = least(p->shape.batch - first, DEPTH);
    const char *source = p->source_dy + first * dy->image + y * dy->columns * dy->channels * 2;
    char *target = dy->packed + group * dy->group;
    for (size_t f = 0; f < dy->padded; f += WIDE) {
        size_t count = least(dy->padded - f, WIDE);
        char *to = target + (f * dy->rows + y * count) * dy->columns * ROW_BYTES;
        for (size_t column = 0; column < dy->columns; column++)
            for (size_t pair = 0; pair < TILE_PAIRS; pair++)
                for (size_t v = 0; v < count; v += LANES, to += ROW_BYTES) {
                    const char *a = source + 2 * pair * dy->image + (column * dy->channels + f + v) * 2;
                    mask real = first_lanes(dy->channels - f - v), none = first_lanes(0);
                    store(to, load_two(2 * pair < images ? real : none, a, 2 * pair + 1 < images ? real : none, a + dy->image));
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

/// Adds the products of a group's `cached_rows` rows of dy from `row` on to the taps [begin, end) of a block.
TARGET_AMX static void add_rows(const amx_plan *p, size_t channel, size_t filter, size_t group, size_t row, size_t begin,
                                size_t end) {
    const gk_convolution_shape *s = &p->shape;
    size_t channels = least(s->channels - channel, WIDE), filters = least(s->filters - filter, WIDE);
    // Channels and filters from one packed position to the next.
    size_t stored = s->channels != p->x.channels ? p->x.channels : channels, stored_filters = round_up(filters, LANES);
    span rows[s->window_height], columns[s->window_width];
    find_spans(rows, s->window_height, s->rows, s->stride_y, s->top, s->height);
    find_spans(columns, s->window_width, s->columns, s->stride_x, s->left, s->width);
    const char *x = p->x.packed + group * p->x.group + channel * s->height * s->width * ROW_BYTES;
    const char *dy = p->dy.packed + group * p->dy.group + filter * s->rows * s->columns * ROW_BYTES;
    for (size_t tap = begin; tap < end; tap++) {
        size_t ky = tap / s->window_width, kx = tap % s->window_width;
        size_t i = rows[ky].begin < row ? row : rows[ky].begin, i_end = least(rows[ky].end, row + p->cached_rows);
        size_t j = columns[kx].begin, j_end = columns[kx].end;
        amx_tile t = {.dw = (char *)(p->dw + (tap * s->channels + channel) * s->filters + filter),
                      .pitch = s->filters * sizeof(float), .add = p->first + group + row > 0};
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
    size_t taps = s->window_height * s->window_width, blocks = (s->channels + WIDE - 1) / WIDE;
    for (size_t block = begin / taps; block * taps < end; block++) {
        size_t filter = block / blocks * WIDE, channel = block % blocks * WIDE;
        size_t from = begin > block * taps ? begin - block * taps : 0, to = least(taps, end - block * taps);
        configure_amx(least(s->channels - channel, WIDE), least(s->filters - filter, WIDE));
        for (size_t group = 0; group < p->groups; group++)
            for (size_t row = 0; row < s->rows; row += p->cached_rows)
                add_rows(p, channel, filter, group, row, from, to);
    }
    _tile_release();
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
    size_t groups = (s->batch + DEPTH - 1) / DEPTH;
    size_t units = p.dy.blocks * ((s->channels + WIDE - 1) / WIDE) * s->window_height * s->window_width;
    for (; p.first < groups; p.first += p.groups_at_once) {
        p.groups = least(p.groups_at_once, groups - p.first);
        size_t elements = p.groups * (p.x.group + p.dy.group) / 2;
        gk_divide(pack_amx, &p, p.groups * (p.x.rows + p.dy.rows), 1, elements);
        gk_divide(filter_amx_part, &p, units, 1, convolution_work(s) * p.groups / groups);
    }
}
