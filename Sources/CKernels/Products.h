// The products of one instruction set, as products.c calls them. Each is null where there is none.
#ifndef PRODUCTS_H
#define PRODUCTS_H

#include "CKernels.h"

typedef struct {
    size_t (*convolution_scratch)(const gk_convolution_shape *shape, const gk_convolution_kind *kind);
    void (*convolution)(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                        const float *w, void *result, void *scratch);
    size_t (*filter_gradient_scratch)(const gk_convolution_shape *shape, bool bfloat16);
    void (*filter_gradient)(const gk_convolution_shape *shape, bool bfloat16, const void *x, const void *dy, float *dw,
                            void *scratch);
    size_t (*matrix_product_scratch)(const gk_matrix_product *shape);
    void (*matrix_product)(const gk_matrix_product *shape, const void *a, const void *b, void *c, void *scratch);
} gk_products;

extern const gk_products gk_products_avx2, gk_products_avx512, gk_products_amx;

#endif
