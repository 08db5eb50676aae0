// Selects the instruction set, and runs its loops on the team.
#define _GNU_SOURCE
#include "LoopsMath.h"
#include "Table.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

static const gk_table *table = &gk_table_baseline;
static int selected;

#if defined(__x86_64__)
/// Whether the processor has matrix registers, and the system lets this process use them: Linux gives them on request.
static bool has_amx(void) {
#if defined(__linux__)
    enum { ASK_FOR_STATE = 0x1023, TILE_DATA = 18 };  // ARCH_REQ_XCOMP_PERM of the kernel, and a component of XSAVE
    unsigned a, b, c, d, amx = 1u << 22 | 1u << 24;   // AMX-BF16 and AMX-TILE
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & amx) != amx) return false;
    return syscall(SYS_arch_prctl, ASK_FOR_STATE, TILE_DATA) == 0;
#else
    return false;
#endif
}
#endif

int gk_select_isa(int wanted) {
    int taken = 0;
    table = &gk_table_baseline;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (wanted >= 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        table = &gk_table_avx2;
        taken = 1;
    }
    if (wanted >= 2 && taken == 1 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
        table = &gk_table_avx512;
        taken = 2;
    }
    if (wanted >= 3 && taken == 2 && __builtin_cpu_supports("avx512bf16") && has_amx()) taken = 3;
#endif
    selected = taken;
    return taken;
}

int gk_selected_isa(void) { return selected; }

static void elementwise_columns(const void *context, size_t begin, size_t end) {
    const gk_program *p = context;
    table->elementwise(p, 0, p->rows, begin, end);
}

static void elementwise_rows(const void *context, size_t begin, size_t end) {
    const gk_program *p = context;
    table->elementwise(p, begin, end, 0, p->columns);
}

void gk_elementwise(const gk_program *program) {
    size_t work = program->rows * program->columns * (size_t)(program->instruction_count + 3) / 4;
    if (program->rows == 1) gk_divide(elementwise_columns, program, program->columns, 64, work);
    else gk_divide(elementwise_rows, program, program->rows, 1, work);
}

typedef struct {
    gk_reduction kind;
    gk_element element;
    const char *source;
    float *target;
    size_t reduced, inner;
} reduce_context;

static void reduce_rows_part(const void *context, size_t begin, size_t end) {
    const reduce_context *r = context;
    if (r->kind == GK_SUM) table->sum_rows[r->element](r->source, r->target, r->reduced, begin, end);
    else table->max_rows((const float *)(const void *)r->source, r->target, r->reduced, begin, end);
}

static void reduce_columns_part(const void *context, size_t begin, size_t end) {
    const reduce_context *r = context;
    if (r->kind == GK_SUM) table->sum_columns[r->element](r->source, r->target, r->reduced, r->inner, begin, end);
    else table->max_columns((const float *)(const void *)r->source, r->target, r->reduced, r->inner, begin, end);
}

/// The part of `r` at the outer index `o`.
static reduce_context reduce_slab(const reduce_context *r, size_t o) {
    reduce_context slab = *r;
    slab.source += o * r->reduced * r->inner * (r->element == GK_BFLOAT16 ? 2 : 4);
    slab.target += o * r->inner;
    return slab;
}

/// Outer indices [begin, end).
static void reduce_slabs_part(const void *context, size_t begin, size_t end) {
    for (size_t o = begin; o < end; o++) {
        reduce_context slab = reduce_slab(context, o);
        reduce_columns_part(&slab, 0, slab.inner);
    }
}

void gk_reduce(gk_reduction kind, gk_element element, const void *source, float *target, size_t outer,
               size_t reduced, size_t inner) {
    reduce_context context = {kind, element, source, target, reduced, inner};
    if (inner == 1) gk_divide(reduce_rows_part, &context, outer, 16, outer * reduced);
    else if (outer >= 2 * (size_t)gk_threads())
        gk_divide(reduce_slabs_part, &context, outer, 1, outer * reduced * inner);
    else
        for (size_t o = 0; o < outer; o++) {
            reduce_context slab = reduce_slab(&context, o);
            gk_divide_evenly(reduce_columns_part, &slab, inner, 16, reduced * inner);
        }
}

typedef struct {
    const gk_copy_shape *shape;
    size_t bytes;
    const char *source;
    char *target;
} copy_context;

static void copy_axis(const gk_copy_shape *s, int axis, size_t bytes, const char *source, char *target) {
    ptrdiff_t n = (ptrdiff_t)s->dims[axis], size = (ptrdiff_t)bytes, from = s->from[axis] * size, to = s->to[axis] * size;
    if (axis < s->rank - 1)
        for (ptrdiff_t i = 0; i < n; i++) copy_axis(s, axis + 1, bytes, source + i * from, target + i * to);
    else if (from == size && to == size) memcpy(target, source, (size_t)n * bytes);
    else if (bytes == 4)
        for (ptrdiff_t i = 0; i < n; i++) memcpy(target + i * to, source + i * from, 4);
    else
        for (ptrdiff_t i = 0; i < n; i++) memcpy(target + i * to, source + i * from, 2);
}

static void copy_part(const void *context, size_t begin, size_t end) {
    const copy_context *c = context;
    gk_copy_shape part = *c->shape;
    part.dims[0] = end - begin;
    ptrdiff_t first = (ptrdiff_t)(begin * c->bytes);
    copy_axis(&part, 0, c->bytes, c->source + first * part.from[0], c->target + first * part.to[0]);
}

void gk_copy_strided(const gk_copy_shape *shape, size_t element_bytes, const void *source, void *target) {
    if (shape->rank == 0) {
        memcpy(target, source, element_bytes);
        return;
    }
    copy_context context = {shape, element_bytes, source, target};
    size_t work = 1;
    for (int axis = 0; axis < shape->rank; axis++) work *= shape->dims[axis];
    gk_divide(copy_part, &context, shape->dims[0], 1, work);
}

typedef struct {
    const float *source;
    uint16_t *target;
} round_context;

static void round_part(const void *context, size_t begin, size_t end) {
    const round_context *r = context;
    table->round(r->source, r->target, begin, end);
}

void gk_round(const float *source, void *target, size_t count) {
    round_context context = {source, target};
    gk_divide(round_part, &context, count, 64, count);
}

typedef struct {
    gk_element element;
    void *target;
    float value;
} fill_context;

static void fill_part(const void *context, size_t begin, size_t end) {
    const fill_context *f = context;
    if (f->element == GK_BFLOAT16)
        for (size_t i = begin; i < end; i++) ((uint16_t *)f->target)[i] = to_bfloat16(f->value);
    else
        for (size_t i = begin; i < end; i++) ((float *)f->target)[i] = f->value;
}

void gk_fill(gk_element element, void *target, float value, size_t count) {
    fill_context context = {element, target, value};
    gk_divide(fill_part, &context, count, 64, count);
}

typedef struct {
    const gk_fold_shape *shape;
    const float *columns;
    float *image;
} fold_context;

static void fold_part(const void *context, size_t begin, size_t end) {
    const fold_context *f = context;
    table->fold(f->shape, f->columns, f->image, begin, end);
}

void gk_fold(const gk_fold_shape *s, const float *columns, float *image, size_t batch) {
    fold_context context = {s, columns, image};
    size_t work = batch * s->rows * s->columns * s->window_height * s->window_width * s->channels;
    gk_divide(fold_part, &context, batch, 1, work);
}

typedef struct {
    gk_distribution distribution;
    const uint32_t *key;
    uint32_t stream;
    float parameter;
    float *target;
    size_t first_block, count;
} random_context;

static void random_part(const void *context, size_t begin, size_t end) {
    const random_context *r = context;
    table->random(r->distribution, r->key, r->stream, r->parameter, r->target, r->count, r->first_block, begin, end);
}

void gk_random(gk_distribution distribution, const uint32_t key[4], uint32_t stream, float parameter,
               float *target, size_t first, size_t count) {
    random_context context = {distribution, key, stream, parameter, target, first / 4, count};
    gk_divide(random_part, &context, (count + 3) / 4, 64, count * 4);
}

void gk_philox(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t words[4]) {
    uint32_t c[4] = {block, stream, key[2], key[3]}, k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k0, (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ k1,
                            (uint32_t)p0};
        for (int i = 0; i < 4; i++) c[i] = next[i];
    }
    for (int i = 0; i < 4; i++) words[i] = c[i];
}

static void batch_norm_part(const void *context, size_t begin, size_t end) {
    const gk_normalization *n = context;
    table->batch_norm[n->element](n, begin, end);
}

static void batch_norm_gradient_part(const void *context, size_t begin, size_t end) {
    const gk_normalization *n = context;
    table->batch_norm_gradient[n->element](n, begin, end);
}

void gk_batch_norm(gk_element element, const void *x, const float *gamma, const float *beta, void *y, float *mean,
                   float *variance, size_t rows, size_t channels, float epsilon, float slope) {
    gk_normalization context = {.element = element, .x = x, .gamma = gamma, .beta = beta, .out = y, .mean = mean,
                                .variance = variance, .rows = rows, .channels = channels, .epsilon = epsilon,
                                .slope = slope};
    gk_divide_evenly(batch_norm_part, &context, channels, 16, rows * channels * 3);
}

void gk_batch_norm_gradient(gk_element element, const void *dy, const void *x, const float *gamma, const float *beta,
                            const float *mean, const float *variance, void *dx, float *dgamma, float *dbeta,
                            size_t rows, size_t channels, float epsilon, float slope) {
    gk_normalization context = {.element = element, .dy = dy, .x = x, .gamma = gamma, .beta = beta, .out = dx,
                                .mean = (float *)mean, .variance = (float *)variance, .dgamma = dgamma,
                                .dbeta = dbeta, .rows = rows, .channels = channels, .epsilon = epsilon, .slope = slope};
    gk_divide_evenly(batch_norm_gradient_part, &context, channels, 16, rows * channels * 3);
}

typedef struct {
    const float *w, *g, *m, *v;
    float *w_out, *m_out, *v_out;
    uint16_t *copy;
    float step_size;
    double beta1, beta2;
    float epsilon;
    int *bad;
} adam_context;

static void adam_part(const void *context, size_t begin, size_t end) {
    const adam_context *a = context;
    if (table->adam(a->w, a->g, a->m, a->v, a->w_out, a->m_out, a->v_out, a->copy, begin, end, a->step_size, a->beta1,
                    a->beta2, a->epsilon))
        __atomic_store_n(a->bad, 1, __ATOMIC_RELAXED);
}

bool gk_adam(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
             float *v_out, uint16_t *copy, size_t count, float step_size, double beta1, double beta2,
             float epsilon) {
    int bad = 0;
    adam_context context = {w, g, m, v, w_out, m_out, v_out, copy, step_size, beta1, beta2, epsilon, &bad};
    gk_divide(adam_part, &context, count, 64, count * 2);
    return bad != 0;
}

bool gk_all_finite(const float *data, size_t count) { return table->all_finite(data, 0, count); }
