// The product of two matrices, in blocks that fit the caches.
//
// The loops are those of K. Goto and R. van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008. A tile of
// the result is in registers. For each depth it reads a few values of a and of b, which are packed in panels: rows of a
// tile's height, and columns of its width. A panel of b stays in the first-level cache, the panels of a in the second.
// Tiles continue the sums of earlier blocks, so each sum has the same order as without blocks. If b is a single panel, each
// value of a is used once, and a is not packed.

enum {
    PANEL_ROWS = 6,
    PANEL_COLUMNS = TILE_VECTORS * LANES,
    BLOCK_DEPTH = 256,
    BLOCK_PANELS = 22,  ///< of a, which stay in the second-level cache: 132 KiB
    STRIP_PANELS = 4,   ///< of b, which one thread packs and multiplies at once
    AHEAD = 8           ///< rows of b to prefetch: each is in another page
};

typedef struct {
    const gk_matrix_product *shape;
    const float *a, *b;
    float *c;
    float *packed;          ///< a: [block of depth][panel][depth][row]; NULL if it is not packed
    size_t panels, strips;  ///< panels of a, and strips of the columns
    size_t bands;           ///< of a's panels, that is as many units for each strip
} product_plan;

/// The first row of a panel of a. Panels are of equal height, or differ by one.
static inline size_t first_row(const product_plan *p, size_t panel) { return p->shape->rows * panel / p->panels; }

/// The first column of a strip.
static inline size_t first_column(const product_plan *p, size_t strip) {
    size_t panels = (p->shape->columns + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    return least(p->shape->columns, panels * strip / p->strips * PANEL_COLUMNS);
}

// ---- Packing ----

/// Packs one panel of a, for `depth` depths from `from` on. A store of a whole register may extend over the next depths,
/// which are stored later, but not over the panel's end, where another thread may have stored already.
TARGET static void pack_panel(const product_plan *p, size_t panel, size_t from, size_t depth) {
    size_t row = first_row(p, panel), rows = first_row(p, panel + 1) - row, k = 0;
    float *target = p->packed + from * p->shape->rows + row * depth;
    if (p->shape->transpose_a) {
        const float *a = p->a + from * p->shape->rows + row;
        bool whole = row + LANES <= p->shape->rows;
        for (; whole && (depth - k) * rows >= LANES && k < depth; k++)
            store(target + k * rows, load(a + k * p->shape->rows));
        for (; k < depth; k++)
            for (size_t r = 0; r < rows; r++) target[k * rows + r] = a[k * p->shape->rows + r];
        return;
    }
    const float *a = p->a + row * p->shape->depth + from;
    for (; k + LANES <= depth && (depth - k - LANES + 1) * rows >= LANES; k += LANES) {
        floats values[LANES];
        FULL for (size_t r = 0; r < LANES; r++) values[r] = r < rows ? load(a + r * p->shape->depth + k) : zeros();
        transpose(values);
        FULL for (size_t i = 0; i < LANES; i++) store(target + (k + i) * rows, values[i]);
    }
    for (; k < depth; k++)
        for (size_t r = 0; r < rows; r++) target[k * rows + r] = a[r * p->shape->depth + k];
}

/// Packs panels [begin, end) of a. `context` is the plan.
static void pack_panels(const void *context, size_t begin, size_t end) {
    const product_plan *p = context;
    for (size_t from = 0; from < p->shape->depth; from += BLOCK_DEPTH)
        for (size_t panel = begin; panel < end; panel++)
            pack_panel(p, panel, from, least(BLOCK_DEPTH, p->shape->depth - from));
}

/// Packs `width` columns of b into [panel][depth][column], with zeros after the last column.
TARGET static void pack_columns(const product_plan *p, float *packed, size_t from, size_t depth, size_t column,
                                size_t width) {
    size_t columns = p->shape->columns, whole = width / PANEL_COLUMNS * PANEL_COLUMNS, rest = width - whole;
    const float *b = p->b + from * columns + column;
    for (size_t k = 0; k < depth; k++, b += columns) {
        float *target = packed + k * PANEL_COLUMNS;
        for (size_t c = 0; c < whole; c += PANEL_COLUMNS, target += depth * PANEL_COLUMNS) {
            __builtin_prefetch(b + AHEAD * columns + c);
            FULL for (size_t v = 0; v < TILE_VECTORS; v++) store(target + v * LANES, load(b + c + v * LANES));
        }
        float *end = packed + whole * depth + k * round_up(rest, LANES);
        for (size_t c = 0; c < rest; c += LANES)
            store(end + c, load_lanes(first_lanes(rest - c), b + whole + c));
    }
}

/// The same for a transposed b, whose rows are the columns.
TARGET static void pack_rows_of_b(const product_plan *p, float *packed, size_t from, size_t depth, size_t column,
                                  size_t width) {
    for (size_t c = 0; c < width; c += LANES) {
        size_t panel = c / PANEL_COLUMNS * PANEL_COLUMNS, padded = least(round_up(width - panel, LANES), PANEL_COLUMNS);
        const float *b = p->b + (column + c) * p->shape->depth + from;
        float *target = packed + panel * depth + c - panel;
        for (size_t k = 0; k < depth; k += LANES) {
            size_t count = least(depth - k, LANES);
            floats values[LANES];
            FULL for (size_t i = 0; i < LANES; i++) {
                const float *row = b + i * p->shape->depth + k;
                values[i] = c + i >= width ? zeros() : count == LANES ? load(row) : load_lanes(first_lanes(count), row);
                if (c + i < width) __builtin_prefetch(row + 2 * LINE);
            }
            transpose(values);
            FULL for (size_t i = 0; i < LANES; i++)
                if (i < count) store(target + (k + i) * padded, values[i]);
        }
    }
}

// ---- Tiles ----

/// One tile of c, and the panels that it multiplies.
typedef struct {
    const float *a, *b;
    size_t row_step, depth_step;  ///< elements of a from a row, and from a depth, to the next
    size_t depth;
    float *c;
    size_t pitch;  ///< elements from a row of c to the next
    size_t last;   ///< columns that exist in the last vector
    bool add;      ///< to the sums of earlier depths in c
    bool finish;   ///< whether this is the last block of the depth: then the bias and the slope follow
    const float *bias;
    float slope;
} product_tile;

TARGET INLINE void multiply_tile(const product_tile *t, const int rows, const int vectors, const bool one_step) {
    floats sum[PANEL_ROWS][TILE_VECTORS];
    mask all = first_lanes(LANES), last = first_lanes(t->last);
    FULL for (int r = 0; r < rows; r++)
        FULL for (int v = 0; v < vectors; v++)
            sum[r][v] = !t->add ? zeros()
                                : load_lanes(v == vectors - 1 ? last : all, t->c + (size_t)r * t->pitch + v * LANES);
    const float *a = t->a, *b = t->b;
    const size_t row_step = one_step ? 1 : t->row_step, depth_step = one_step ? t->depth_step : 1;
    _Pragma("clang loop unroll_count(4)")
    for (size_t k = t->depth; k > 0; k--, a += depth_step, b += vectors * LANES) {
        floats right[TILE_VECTORS];
        FULL for (int v = 0; v < vectors; v++) right[v] = load(b + v * LANES);
        FULL for (int r = 0; r < rows; r++) {
            floats left = spread(a + (size_t)r * row_step);
            FULL for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(left, right[v], sum[r][v]);
        }
    }
    if (t->finish)
        FULL for (int v = 0; v < vectors; v++) {
            floats bias = t->bias ? load_lanes(v == vectors - 1 ? last : all, t->bias + v * LANES) : zeros();
            FULL for (int r = 0; r < rows; r++) {
                sum[r][v] = add(sum[r][v], bias);
                sum[r][v] = leaky(sum[r][v], sum[r][v], t->slope);
            }
        }
    // Whole registers without masks, which are slow in stores of AVX2.
    FULL for (int r = 0; r < rows; r++)
        FULL for (int v = 0; v < vectors; v++) {
            float *c = t->c + (size_t)r * t->pitch + v * LANES;
            if (v < vectors - 1 || t->last == LANES) store(c, sum[r][v]);
            else store_lanes(c, last, sum[r][v]);
        }
}

// One compiled function for every size, so that the sums are in registers. The values of a that one depth needs are next to
// each other, or those of one row are.
#define DEFINE(R, V)                                                                                         \
    TARGET static void product_tile_##R##_##V(const product_tile *t) { multiply_tile(t, R, V, true); }       \
    TARGET static void product_tile_of_rows_##R##_##V(const product_tile *t) { multiply_tile(t, R, V, false); }
#define ENTRY(R, V) [R - 1][V - 1] = {product_tile_##R##_##V, product_tile_of_rows_##R##_##V},
SIX_ROW_TILES(DEFINE)
static void (*const product_tiles[PANEL_ROWS][TILE_VECTORS][2])(const product_tile *) = {SIX_ROW_TILES(ENTRY)};
#undef DEFINE
#undef ENTRY

// ---- Kernel ----

/// Multiplies the panels [begin, end) of a with a strip's panels of b, which start at `column`, for one block of depth.
static void multiply_block(const product_plan *p, const float *packed, size_t begin, size_t end, size_t from, size_t column,
                           size_t width) {
    const gk_matrix_product *s = p->shape;
    size_t depth = least(BLOCK_DEPTH, s->depth - from);
    for (size_t first = begin; first < end; first += BLOCK_PANELS)
        for (size_t at = 0; at < width; at += PANEL_COLUMNS) {
            size_t real = least(width - at, PANEL_COLUMNS), vectors = (real + LANES - 1) / LANES;
            product_tile t = {.b = packed + at * depth, .depth = depth, .pitch = s->columns,
                      .last = real - (vectors - 1) * LANES, .add = from > 0, .finish = from + depth == s->depth,
                      .bias = s->bias ? s->bias + column + at : NULL, .slope = s->slope};
            bool one_step = p->packed || s->transpose_a;
            t.row_step = one_step ? 1 : s->depth;
            t.depth_step = one_step ? s->rows : 1;
            for (size_t panel = first; panel < least(end, first + BLOCK_PANELS); panel++) {
                size_t row = first_row(p, panel), rows = first_row(p, panel + 1) - row;
                if (p->packed) {
                    t.a = p->packed + from * s->rows + row * depth;
                    t.depth_step = rows;
                } else t.a = p->a + row * t.row_step + from * t.depth_step;
                t.c = p->c + row * s->columns + column + at;
                // The next tile, in a cache far away.
                for (size_t r = 0; r < PANEL_ROWS; r++) __builtin_prefetch(t.c + (rows + r) * s->columns, 1);
                product_tiles[rows - 1][vectors - 1][!one_step](&t);
            }
        }
}

/// Computes units [begin, end) of the result, in the order [strip][band]. `context` is the plan.
static void multiply_units(const void *context, size_t begin, size_t end) {
    const product_plan *p = context;
    const gk_matrix_product *s = p->shape;
    _Alignas(64) float packed[STRIP_PANELS * PANEL_COLUMNS * BLOCK_DEPTH];
    for (size_t unit = begin; unit < end; unit++) {
        size_t strip = unit / p->bands, band = unit % p->bands;
        size_t column = first_column(p, strip), width = first_column(p, strip + 1) - column;
        for (size_t from = 0; from < s->depth; from += BLOCK_DEPTH) {
            size_t depth = least(BLOCK_DEPTH, s->depth - from);
            (s->transpose_b ? pack_rows_of_b : pack_columns)(p, packed, from, depth, column, width);
            multiply_block(p, packed, p->panels * band / p->bands, p->panels * (band + 1) / p->bands, from, column, width);
        }
    }
}

/// Whether a is packed.
static bool packs(const gk_matrix_product *shape) { return shape->columns > PANEL_COLUMNS; }

/// A product with a single column, as the row that is its transpose: then a is read along its rows, whole registers at once.
/// The sums are the same. A bias would not be: it belongs to the column.
static bool is_column(const gk_matrix_product *shape) { return shape->columns == 1 && shape->rows > 1 && !shape->bias; }

static gk_matrix_product transposed(const gk_matrix_product *shape) {
    return (gk_matrix_product){.rows = 1, .columns = shape->rows, .depth = shape->depth,
                               .transpose_b = !shape->transpose_a, .slope = shape->slope};
}

static size_t matrix_product_scratch(const gk_matrix_product *shape) {
    gk_matrix_product row = transposed(shape);
    if (is_column(shape)) return matrix_product_scratch(&row);
    return packs(shape) ? (shape->rows * shape->depth + LINE) * sizeof(float) : 0;
}

/// There are equally many strips for each thread. They are narrower, and then divided into bands of rows, if there are too few.
static void matrix_product(const gk_matrix_product *shape, const void *a, const void *b, void *c, void *scratch) {
    gk_matrix_product row = transposed(shape);
    if (is_column(shape)) return matrix_product(&row, b, a, c, scratch);
    product_plan p = {.shape = shape, .a = a, .b = b, .c = c};
    if (packs(shape)) p.packed = (float *)round_up((uintptr_t)scratch, LINE * sizeof(float));
    p.panels = (shape->rows + PANEL_ROWS - 1) / PANEL_ROWS;
    size_t panels = (shape->columns + PANEL_COLUMNS - 1) / PANEL_COLUMNS, threads = (size_t)gk_threads();
    size_t wanted = 2 * threads, fewest = (panels + STRIP_PANELS - 1) / STRIP_PANELS;
    p.strips = least(round_up(fewest >= wanted ? fewest : wanted, threads), panels);
    p.bands = p.strips >= wanted ? 1 : least((wanted + p.strips - 1) / p.strips, p.panels);
    if (p.packed) gk_divide(pack_panels, &p, p.panels, 1, shape->rows * shape->depth);
    gk_divide(multiply_units, &p, p.strips * p.bands, 1, shape->rows * shape->columns * shape->depth / 64);
}
