// The loops of one instruction set, as the dispatcher calls them. Each processes a part of the index range.
#pragma once
#include "CKernels.h"

/// What gk_batch_norm and gk_batch_norm_gradient were given: y and dx are `out`.
typedef struct {
    gk_element element;
    const void *dy, *x;
    const float *gamma, *beta;
    void *out;
    float *mean, *variance, *dgamma, *dbeta;
    size_t rows, channels;
    float epsilon, slope;
} gk_normalization;

/// Arrays of two are indexed by GK_FLOAT and GK_BFLOAT16.
typedef struct {
    void (*elementwise)(const gk_program *p, size_t row_begin, size_t row_end, size_t begin, size_t end);
    void (*sum_rows[2])(const void *source, float *target, size_t reduced, size_t begin, size_t end);
    void (*sum_columns[2])(const void *source, float *target, size_t reduced, size_t inner, size_t begin, size_t end);
    void (*max_rows)(const float *source, float *target, size_t reduced, size_t begin, size_t end);
    void (*max_columns)(const float *source, float *target, size_t reduced, size_t inner, size_t begin, size_t end);
    void (*random)(gk_distribution d, const uint32_t key[4], uint32_t stream, float parameter, float *target,
                   size_t count, size_t first_block, size_t block_begin, size_t block_end);
    void (*batch_norm[2])(const gk_normalization *n, size_t begin, size_t end);
    void (*batch_norm_gradient[2])(const gk_normalization *n, size_t begin, size_t end);
    bool (*adam)(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
                 float *v_out, uint16_t *copy, size_t begin, size_t end, float step_size, double beta1, double beta2,
                 float epsilon);
    void (*round)(const float *source, uint16_t *target, size_t begin, size_t end);
    bool (*all_finite)(const float *data, size_t begin, size_t end);
    void (*fold)(const gk_fold_shape *shape, const float *columns, float *image, size_t begin, size_t end);
} gk_table;

extern const gk_table gk_table_baseline, gk_table_avx2, gk_table_avx512;
