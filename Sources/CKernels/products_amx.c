// Products with matrix registers: those of bfloat16 that fill them. The others are those of AVX-512.
#if defined(__x86_64__)
#include "AMX.h"

#define MATRICES
#include "Convolution.h"
#include "ConvolutionPatchesAMX.h"
#include "FilterSpans.h"
#include "FilterGradientAMX.h"
#include "MatrixProductAMX.h"
#include "TransposedProductAMX.h"

/// Whether a convolution of bfloat16 reads pairs of channels.
static bool has_pairs(const gk_convolution_shape *s, const gk_convolution_kind *kind) {
    return kind->bfloat16 && (kind->input_gradient ? s->filters : s->channels) % 2 == 0;
}

/// Whether a filter gradient fills enough of the depth.
static bool has_depth(const gk_convolution_shape *s, bool bfloat16) { return bfloat16 && s->batch >= SIDE / 4; }

static size_t convolution_scratch_of(const gk_convolution_shape *shape, const gk_convolution_kind *kind) {
    if (has_patches(shape, kind)) return patches_scratch(shape, kind);
    return (has_pairs(shape, kind) ? convolution_scratch : gk_products_avx512.convolution_scratch)(shape, kind);
}

static void convolution_of(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                           const float *w, void *result, void *scratch) {
    if (has_patches(shape, kind)) patches(shape, kind, image, w, result, scratch);
    else (has_pairs(shape, kind) ? convolution : gk_products_avx512.convolution)(shape, kind, image, w, result, scratch);
}

static size_t filter_gradient_scratch_of(const gk_convolution_shape *shape, bool bfloat16) {
    return has_depth(shape, bfloat16) ? filter_gradient_scratch(shape)
                                      : gk_products_avx512.filter_gradient_scratch(shape, bfloat16);
}

static void filter_gradient_of(const gk_convolution_shape *shape, bool bfloat16, const void *x, const void *dy, float *dw,
                               void *scratch) {
    if (has_depth(shape, bfloat16)) filter_gradient(shape, x, dy, dw, scratch);
    else gk_products_avx512.filter_gradient(shape, bfloat16, x, dy, dw, scratch);
}

static size_t matrix_product_scratch_of(const gk_matrix_product *shape) {
    return (shape->bfloat16 ? matrix_product_scratch : gk_products_avx512.matrix_product_scratch)(shape);
}

static void matrix_product_of(const gk_matrix_product *shape, const void *a, const void *b, void *c, void *scratch) {
    if (shape->bfloat16 && has_transposed(shape)) return transposed_product(shape, a, b, c, scratch);
    (shape->bfloat16 ? matrix_product : gk_products_avx512.matrix_product)(shape, a, b, c, scratch);
}

const gk_products gk_products_amx = {convolution_scratch_of, convolution_of, filter_gradient_scratch_of,
                                     filter_gradient_of, matrix_product_scratch_of, matrix_product_of};
#endif
