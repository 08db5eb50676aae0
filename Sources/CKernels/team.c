// The OpenMP team, and the division of work over it.
#include "Table.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern int omp_get_max_threads(void);
extern int omp_get_num_procs(void);
extern void omp_set_num_threads(int);

static void flush_denormals(void *unused) {
    (void)unused;
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040);  // flush to zero, denormals are zero
#endif
}

void gk_set_threads(int threads) {
    omp_set_num_threads(threads);
    flush_denormals(0);
    GOMP_parallel(flush_denormals, 0, (unsigned)threads, 0);
}

int gk_threads(void) { return omp_get_max_threads(); }

int gk_processors(void) { return omp_get_num_procs(); }

typedef struct {
    gk_part part;
    const void *context;
    size_t count, granule;
} gk_split;

static void run_part(void *data) {
    const gk_split *split = data;
    size_t threads = (size_t)omp_get_num_threads(), me = (size_t)omp_get_thread_num();
    size_t granules = (split->count + split->granule - 1) / split->granule;
    size_t begin = granules * me / threads * split->granule, end = granules * (me + 1) / threads * split->granule;
    if (end > split->count) end = split->count;
    if (begin < end) split->part(split->context, begin, end);
}

void gk_divide(gk_part part, const void *context, size_t count, size_t granule, size_t work) {
    int threads = gk_threads();
    if (threads <= 1 || work < 16384 || count <= granule) {
        part(context, 0, count);
        return;
    }
    gk_split split = {part, context, count, granule};
    GOMP_parallel(run_part, &split, (unsigned)threads, 0);
}
