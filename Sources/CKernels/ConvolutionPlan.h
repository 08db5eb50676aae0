// Shared by the parts of a convolution: the taps of an output position, the plan, a tile.

// ---- Taps ----

/// One axis of the window. Taps are ordered by a position, chosen such that the taps of an index of the result have
/// consecutive positions and read consecutive indices of the image.
typedef struct {
    size_t taps, stride, before;
    size_t image, result;  ///< extents
    bool gradient;
} axis;

/// The taps of an index of the result that lie inside the image: positions, and the image index of the first.
typedef struct {
    size_t position, count, image;
} tap_range;

/// The number of taps in a class. In the input gradient, every stride-th tap reaches the same indices of the result;
/// such taps form a class, and have descending order.
static inline size_t taps_of_class(const axis *a, size_t class) {
    return a->taps > class ? (a->taps - class - 1) / a->stride + 1 : 0;
}

static inline size_t tap_at(const axis *a, size_t position) {
    if (!a->gradient) return position;
    size_t class = 0, taps;
    for (; position >= (taps = taps_of_class(a, class)); class++) position -= taps;
    return class + (taps - 1 - position) * a->stride;
}

static inline tap_range taps_at(const axis *a, size_t index) {
    if (!a->gradient) {
        size_t at = index * a->stride, first = a->before > at ? a->before - at : 0;
        size_t end = a->image + a->before > at ? least(a->taps, a->image + a->before - at) : 0;
        return first < end ? (tap_range){first, end - first, at + first - a->before} : (tap_range){0, 0, 0};
    }
    size_t class = (index + a->before) % a->stride, at = (index + a->before) / a->stride;
    size_t taps = taps_of_class(a, class), first = at >= a->image ? at - a->image + 1 : 0, end = least(taps, at + 1);
    if (first >= end) return (tap_range){0, 0, 0};
    size_t before = 0;
    for (size_t c = 0; c < class; c++) before += taps_of_class(a, c);
    return (tap_range){before + taps - end, end - first, at + 1 - end};
}

// ---- The plan ----

/// For gk_divide: a core does some 64 multiply-adds while it handles an element of other loops.
static inline size_t convolution_work(const gk_convolution_shape *s) {
    return s->batch * s->rows * s->columns * s->window_height * s->window_width * s->channels * s->filters / 64;
}

typedef struct {
    bool bfloat16, result_bfloat16, gradient;
    axis y, x;
    size_t batch;
    size_t channels, outputs;  ///< channels of the image and of the result
    size_t row;  ///< elements of a packed row of the window: floats, or pairs
    size_t vectors, blocks;  ///< of LANES outputs, and of up to CONVOLUTION_VECTORS vectors
    size_t places;  ///< of the largest tile
    size_t groups;  ///< of images
    const float *w, *bias, *gate;
    float slope;
    const char *image;
    char *result;
    uint32_t *packed;
} convolution_plan;

/// The first vector of a block of outputs.
static inline size_t first_vector(const convolution_plan *p, size_t block) { return p->vectors * block / p->blocks; }

// ---- Tiles ----

/// One tile and its inputs: in each of `rows`, the second half of a pair if `head`, then `elements`, then the first
/// half of a pair if `tail`. Pitches and `row` are in bytes, `packed_row` in elements of 4 bytes.
typedef struct {
    const char *image;
    const uint32_t *packed;
    size_t rows, elements;
    bool head, tail;
    size_t pitch, row, packed_row;
    char *result;
    size_t result_pitch;
    const float *bias;
    const char *gate;  ///< like `result`, or NULL
    float slope;
    bool result_bfloat16;
    size_t last;  ///< outputs that exist in the last vector
} convolution_tile;
