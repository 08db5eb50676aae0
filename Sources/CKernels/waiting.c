// Spinning and sleeping.
#define _GNU_SOURCE
#include "Waiting.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#if defined(__linux__)
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <pthread.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Measured with `mlp` and `dense` on two processors: 100 us is as fast as any value, and 25 us is 5 % slower.
#define SPIN_SECONDS 100e-6
#define ABSENCE_SECONDS 5e-3

/// Pause instructions before a thread sleeps.
static uint64_t spins;

static inline void pause_briefly(void) {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// ---- How long to spin ----

double gk_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/// GOMP_SPINCOUNT as libgomp reads it: `infinite`, or a number that may end in k, M, G or T. False for anything else.
static bool parse_count(const char *text, uint64_t *count) {
    while (*text == ' ' || *text == '\t') text++;
    if (strncasecmp(text, "infini", 6) == 0) {
        *count = UINT64_MAX;
        return true;
    }
    if (*text < '0' || *text > '9') return false;
    char *end;
    *count = strtoull(text, &end, 10);
    const char *units = "kmgt", *unit = *end ? strchr(units, *end | 0x20) : NULL;
    for (const char *u = units; unit && u <= unit; u++) *count = *count > UINT64_MAX / 1000 ? UINT64_MAX : *count * 1000;
    return true;
}

void gk_choose_spinning(void) {
    const char *count = getenv("GOMP_SPINCOUNT"), *policy = getenv("OMP_WAIT_POLICY");
    uint64_t pauses;
    if (count && parse_count(count, &pauses)) spins = pauses;
    else if (policy && strcasecmp(policy, "active") == 0) spins = UINT64_MAX;
    else if (policy && strcasecmp(policy, "passive") == 0) spins = 0;
    else {
        // A pause takes 10 to 140 cycles. The fastest of several measurements was not interrupted.
        enum { PAUSES = 200 };
        double best = 1;
        for (int i = 0; i < 5; i++) {
            double start = gk_seconds();
            for (int j = 0; j < PAUSES; j++) pause_briefly();
            double took = gk_seconds() - start;
            if (took < best) best = took;
        }
        spins = (uint64_t)(SPIN_SECONDS * PAUSES / (best > 1e-7 ? best : 1e-7));
    }
}

// ---- Sleeping ----

#if defined(__linux__)

static void sleep_while(_Atomic uint32_t *number, uint32_t value) {
    syscall(SYS_futex, number, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
}

static void wake(_Atomic uint32_t *number) { syscall(SYS_futex, number, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0); }

#else

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void sleep_while(_Atomic uint32_t *number, uint32_t value) {
    pthread_mutex_lock(&mutex);
    if (atomic_load(number) == value) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void wake(_Atomic uint32_t *number) {
    (void)number;
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

#endif

// ---- Bells ----
// A thread sets `sleeping` before it checks the number a last time. A thread that changes the number checks `sleeping`
// afterwards. Both are sequentially consistent, so at least one of the two sees the other.

uint32_t gk_wait(gk_bell *bell, uint32_t seen, gk_turn *turn) {
    uint32_t now;
    for (uint64_t i = 0; i < spins; i++) {
        now = atomic_load_explicit(&bell->number, memory_order_acquire);
        if (now != seen) return now;
        pause_briefly();
    }
    double start = gk_seconds();
    atomic_store(&bell->sleeping, true);
    while ((now = atomic_load(&bell->number)) == seen) sleep_while(&bell->number, seen);
    atomic_store_explicit(&bell->sleeping, false, memory_order_relaxed);
    gk_note_sleep(turn, start);
    return now;
}

// A caller that sleeps lets the scheduler move another process to its processor. So it spins longer than a worker's
// absence lasts, if a worker shares its own.
void gk_wait_for(gk_bell *bell, uint32_t wanted) {
    uint64_t most = spins;
    for (uint64_t i = 0; i < most; i++) {
        if (atomic_load_explicit(&bell->number, memory_order_acquire) == wanted) return;
        pause_briefly();
        if (i + 1 == spins && gk_is_sharing()) most = spins * (uint64_t)(ABSENCE_SECONDS / SPIN_SECONDS);
    }
    atomic_store(&bell->sleeping, true);
    for (uint32_t now; (now = atomic_load(&bell->number)) != wanted;) sleep_while(&bell->number, now);
    atomic_store_explicit(&bell->sleeping, false, memory_order_relaxed);
}

void gk_ring(gk_bell *bell, uint32_t number) {
    atomic_store(&bell->number, number);
    if (atomic_load(&bell->sleeping)) wake(&bell->number);
}

bool gk_count(gk_bell *bell, uint32_t wanted) {
    if (atomic_fetch_add(&bell->number, 1) + 1 != wanted) return false;
    if (atomic_load(&bell->sleeping)) wake(&bell->number);
    return true;
}

void gk_reset(gk_bell *bell) { atomic_store_explicit(&bell->number, 0, memory_order_relaxed); }

// ---- Places ----

#if defined(__linux__)

extern int omp_get_proc_bind(void);
extern int omp_get_num_places(void);
extern int omp_get_place_num_procs(int place);
extern void omp_get_place_proc_ids(int place, int *ids);

void gk_bind_to_place(int thread) {
    int places = omp_get_num_places();
    if (omp_get_proc_bind() == 0 || places < 1) return;
    int place = thread % places, count = omp_get_place_num_procs(place);
    int *ids = count > 0 ? calloc((size_t)count, sizeof *ids) : 0;
    if (!ids) return;
    omp_get_place_proc_ids(place, ids);
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < count; i++)
        if (ids[i] >= 0 && ids[i] < CPU_SETSIZE) CPU_SET((size_t)ids[i], &set);
    sched_setaffinity(0, sizeof set, &set);
    free(ids);
}

#else

void gk_bind_to_place(int thread) { (void)thread; }

#endif
