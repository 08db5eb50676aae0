// A convolution of bfloat16 from few channels, in the matrix registers. A row of the left matrix is a whole window, copied
// together from its rows; what lies outside the image is 0.

enum {
    RUN = 16,         ///< elements of a row of the window, at most
    PATCH_STEPS = 4,  ///< of SIDE elements of a window, at most
    PATCH = (PATCH_STEPS + 1) * ROW_BYTES  ///< bytes from a copied window to the next: a store of RUN may extend over its end
};

typedef struct {
    const gk_convolution_shape *shape;
    const gk_convolution_kind *kind;
    const char *image;
    const float *w;
    char *result, *packed;  ///< packed: [block of SIDE filters][step][pair][filter]
    size_t elements, steps, blocks;
} patch_plan;

static bool has_patches(const gk_convolution_shape *s, const gk_convolution_kind *kind) {
    size_t run = s->window_width * s->channels;
    return kind->bfloat16 && !kind->input_gradient && run <= RUN && s->window_height * run <= PATCH_STEPS * SIDE;
}

/// The plan, without memory.
static patch_plan plan_patches(const gk_convolution_shape *s, const gk_convolution_kind *kind) {
    patch_plan p = {.shape = s, .kind = kind, .elements = s->window_height * s->window_width * s->channels};
    p.steps = (p.elements + SIDE - 1) / SIDE;
    p.blocks = (s->filters + SIDE - 1) / SIDE;
    return p;
}

TARGET_AMX static void pack_filters(const patch_plan *p) {
    size_t filters = p->shape->filters;
    char *to = p->packed;
    for (size_t block = 0; block < p->blocks; block++)
        for (size_t k = 0; k < p->steps * SIDE; k += 2)
            for (size_t v = 0; v < 2; v++, to += ROW_BYTES) {
                size_t first = block * SIDE + v * LANES;
                mask real = first_lanes(first < filters ? filters - first : 0), none = first_lanes(0);
                const float *w = p->w + k * filters + first;
                store(to, pair_lanes(load_lanes(k < p->elements ? real : none, w),
                                     load_lanes(k + 1 < p->elements ? real : none, w + filters)));
            }
}

/// Copies the windows at a position of the result in `images` images to rows of PATCH bytes.
TARGET_AMX static void copy_windows(const patch_plan *p, size_t n, size_t images, size_t y, size_t x, char *to) {
    const gk_convolution_shape *s = p->shape;
    size_t run = s->window_width * s->channels, row = s->width * s->channels * 2, image = s->height * row;
    ptrdiff_t left = (ptrdiff_t)(x * s->stride_x) - (ptrdiff_t)s->left, top = (ptrdiff_t)(y * s->stride_y) - (ptrdiff_t)s->top;
    size_t before = left < 0 ? least((size_t)-left, s->window_width) : 0;
    ptrdiff_t inside = (ptrdiff_t)s->width - left;
    size_t after = inside < 0 ? 0 : least((size_t)inside, s->window_width);
    __mmask16 real = (__mmask16)(first_lanes(after * s->channels) & ~first_lanes(before * s->channels));
    const char *source = p->image + n * image + (top * (ptrdiff_t)s->width + left) * (ptrdiff_t)s->channels * 2;
    for (size_t ky = 0; ky < s->window_height; ky++, source += row, to += run * 2) {
        bool outside = top + (ptrdiff_t)ky < 0 || top + (ptrdiff_t)ky >= (ptrdiff_t)s->height;
        __mmask16 read = outside ? 0 : real;
        for (size_t m = 0; m < images; m++)
            _mm256_storeu_si256((__m256i *)(to + m * PATCH), _mm256_maskz_loadu_epi16(read, source + m * image));
    }
}

TARGET_AMX INLINE void multiply_windows(const patch_plan *p, const char *windows, const char *packed, char *sums,
                                        const bool two_rows, const bool two_columns) {
    zero_amx();
    for (size_t step = 0; step < p->steps; step++)
        multiply_amx(windows + step * ROW_BYTES, PATCH, packed + step * STEP_BYTES, 2 * ROW_BYTES, two_rows,
                     two_columns);
    store_amx(sums, two_columns ? 2 * ROW_BYTES : ROW_BYTES, two_rows, two_columns);
}

/// Units are [group of SIDE images][row of the result]. `context` is the plan.
TARGET_AMX static void patches_part(const void *context, size_t begin, size_t end) {
    const patch_plan *p = context;
    const gk_convolution_shape *s = p->shape;
    _Alignas(64) char windows[SIDE * PATCH] = {0}, sums[SIDE * 2 * ROW_BYTES];
    size_t size = p->kind->result_bfloat16 ? 2 : 4, pixel = s->filters * size;
    for (size_t unit = begin; unit < end; unit++) {
        size_t n = unit / s->rows * SIDE, y = unit % s->rows, images = least(s->batch - n, SIDE);
        configure_amx(images, SIDE);
        for (size_t x = 0; x < s->columns; x++) {
            copy_windows(p, n, images, y, x, windows);
            for (size_t block = 0; block < p->blocks; block++) {
                size_t first = block * SIDE, filters = least(s->filters - first, SIDE);
                const char *packed = p->packed + block * p->steps * STEP_BYTES;
                bool two_columns = filters > LANES;
#define CALL(TWO_ROWS, TWO_COLUMNS) multiply_windows(p, windows, packed, sums, TWO_ROWS, TWO_COLUMNS)
                BY_HALVES(images, filters, CALL);
#undef CALL
                amx_result result = {.to = p->result + ((n * s->rows + y) * s->columns + x) * pixel + first * size,
                                     .pitch = s->rows * s->columns * pixel, .bfloat16 = p->kind->result_bfloat16,
                                     .last = two_columns ? filters - LANES : filters,
                                     .bias = p->kind->bias ? p->kind->bias + first : NULL, .slope = p->kind->slope};
                finish_amx(&result, sums, images, two_columns ? 2 : 1, false);
            }
        }
    }
    release_amx();
}

static size_t patches_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind) {
    patch_plan p = plan_patches(shape, kind);
    return p.blocks * p.steps * STEP_BYTES + ROW_BYTES;
}

static void patches(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image, const float *w,
                    void *result, void *scratch) {
    patch_plan p = plan_patches(shape, kind);
    p.image = image;
    p.w = w;
    p.result = result;
    p.packed = (char *)round_up((uintptr_t)scratch, ROW_BYTES);
    pack_filters(&p);
    size_t groups = (shape->batch + SIDE - 1) / SIDE;
    gk_divide(patches_part, &p, groups * shape->rows, 1, shape->batch * shape->rows * shape->columns * shape->filters / 4);
}
