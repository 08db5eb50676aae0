// Selects the instruction set of the products.
#include "Products.h"

/// Those of the selected instruction set; NULL if there are none.
static const gk_products *products(void) {
#if defined(__x86_64__)
    int isa = gk_selected_isa();
    if (isa >= 2 && __builtin_cpu_supports("bmi2")) return isa == 3 ? &gk_products_amx : &gk_products_avx512;
    if (isa >= 1) return &gk_products_avx2;
#endif
    return NULL;
}

int gk_own_products(void) {
#if defined(__x86_64__)
    if (gk_selected_isa() >= 2 && products() != &gk_products_avx2 && __builtin_cpu_supports("avx512bf16")) return 2;
#endif
    return products() ? 1 : 0;
}

bool gk_bfloat16_is_fast(void) {
#if defined(__x86_64__)
    return gk_own_products() == 2 && (gk_selected_isa() == 3 || !__builtin_cpu_is("intel"));
#else
    return false;
#endif
}

size_t gk_convolution_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind) {
    return products()->convolution_scratch(shape, kind);
}

void gk_convolution(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                    const float *w, void *result, void *scratch) {
    products()->convolution(shape, kind, image, w, result, scratch);
}

size_t gk_filter_gradient_scratch(const gk_convolution_shape *shape, bool bfloat16) {
    return products()->filter_gradient_scratch(shape, bfloat16);
}

void gk_filter_gradient(const gk_convolution_shape *shape, bool bfloat16, const void *x, const void *dy, float *dw,
                        void *scratch) {
    products()->filter_gradient(shape, bfloat16, x, dy, dw, scratch);
}

size_t gk_matrix_product_scratch(const gk_matrix_product *shape) { return products()->matrix_product_scratch(shape); }

void gk_multiply(const gk_matrix_product *shape, const void *a, const void *b, void *c, void *scratch) {
    products()->matrix_product(shape, a, b, c, scratch);
}
