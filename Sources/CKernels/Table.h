// The loops of one instruction set, as the dispatcher sees them. Each works on a part of the whole.
#pragma once
#include "CKernels.h"

typedef struct {
    void (*elementwise)(const gk_program *p, size_t row_begin, size_t row_end, size_t begin, size_t end);
    void (*sum_rows)(const float *source, float *target, size_t reduced, size_t begin, size_t end);
    void (*max_rows)(const float *source, float *target, size_t reduced, size_t begin, size_t end);
    void (*sum_columns)(const float *source, float *target, size_t reduced, size_t inner, size_t begin, size_t end);
    void (*max_columns)(const float *source, float *target, size_t reduced, size_t inner, size_t begin, size_t end);
    void (*random)(gk_distribution d, const uint32_t key[4], uint32_t stream, float parameter, float *target,
                   size_t count, size_t block_begin, size_t block_end);
    void (*batch_norm)(const float *x, const float *gamma, const float *beta, float *y, float *mean,
                       float *variance, size_t rows, size_t channels, float epsilon, size_t begin, size_t end);
    void (*batch_norm_gradient)(const float *dy, const float *x, const float *gamma, const float *mean,
                                const float *variance, float *dx, float *dgamma, float *dbeta, size_t rows,
                                size_t channels, float epsilon, size_t begin, size_t end);
    bool (*adam)(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
                 float *v_out, size_t begin, size_t end, float step_size, double beta1, double beta2, float epsilon);
    bool (*all_finite)(const float *data, size_t begin, size_t end);
    void (*fold)(const gk_fold_shape *shape, const float *columns, float *image, size_t begin, size_t end);
} gk_table;

extern const gk_table gk_table_baseline, gk_table_avx2, gk_table_avx512;
