#if defined(__x86_64__)
#include "Vectors512.h"

#include "Convolution.h"
#include "FilterGradient.h"
#include "MatrixProduct.h"

const gk_products gk_products_avx512 = {convolution_scratch, convolution, filter_gradient_scratch, filter_gradient,
                                        matrix_product_scratch, matrix_product};
#endif
