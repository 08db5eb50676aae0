// The thread team that runs the kernels and oneDNN's primitives.
//
// A loop is divided into pieces, a range of them for each thread, and any thread may claim any piece: each claims its own
// first, then those of others. So a preempted thread delays only the piece that it has begun, and a team that is smaller
// than requested is merely slower. Waiting threads spin for a short time and then sleep.
#define _GNU_SOURCE
#include "Table.h"
#include "Turns.h"
#include "Waiting.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

extern int omp_get_max_threads(void);
extern int omp_get_num_procs(void);
extern int omp_get_thread_limit(void);
extern void omp_set_num_threads(int);

enum {
    MOST_THREADS = 1024,
    PIECE = 1 << 17,  ///< least work of a piece, if a thread has more than one: some 0.1 ms
    MOST_EACH = 32,   ///< pieces for each thread
};

// ---- The work of one thread ----

/// The unclaimed pieces of one thread: the loop's number, the next piece and the end, in one word. So one
/// compare-and-swap claims a piece of the intended loop, and never of a later one.
typedef uint64_t ticket;

static ticket make_ticket(uint32_t loop, size_t next, size_t end) {
    return (ticket)loop << 32 | (ticket)next << 16 | (ticket)end;
}
static size_t next_piece(ticket t) { return t >> 16 & 0xFFFF; }
static size_t last_piece(ticket t) { return t & 0xFFFF; }
static size_t loop_number(ticket t) { return t >> 32; }

typedef struct {
    _Alignas(64) _Atomic ticket pieces;
    gk_bell bell;  ///< set to the loop's number
} member;

static member members[MOST_THREADS];
static int threads = 1, started = 1;  ///< of the team, and those that exist; both include the caller
static bool is_set_up;
static int most_at_start = MOST_THREADS;
/// For tests: the state of the numbers that shuffle the claims, or 0.
static _Atomic uint32_t shuffle;
static bool is_shuffled(void) { return atomic_load_explicit(&shuffle, memory_order_relaxed) != 0; }
/// Whether the calling thread has the team, and the settings to restore when it gives the team up.
static _Thread_local struct {
    bool has_team;
    unsigned control;
    int omp_threads;
} caller;

/// The running loop. The caller writes it between loops; a thread reads it before it claims a piece. The values read
/// are used only if the claim succeeds, and then the loop was still running when they were read.
static struct {
    _Atomic(gk_part) part;
    _Atomic(const void *) context;
    atomic_size_t count, granule, pieces;
    atomic_int threads;
    atomic_int processor;  ///< the caller's
    gk_bell finished;  ///< number of finished pieces
} loop;

/// Claims one of `m`'s pieces and runs it. False if there was none.
static bool work_on_piece(member *m) {
    ticket t = atomic_load_explicit(&m->pieces, memory_order_acquire);
    while (next_piece(t) < last_piece(t)) {
        gk_part part = atomic_load_explicit(&loop.part, memory_order_relaxed);
        const void *context = atomic_load_explicit(&loop.context, memory_order_relaxed);
        size_t count = atomic_load_explicit(&loop.count, memory_order_relaxed);
        size_t granule = atomic_load_explicit(&loop.granule, memory_order_relaxed);
        size_t pieces = atomic_load_explicit(&loop.pieces, memory_order_relaxed);
        size_t piece = next_piece(t);
        if (!atomic_compare_exchange_weak_explicit(&m->pieces, &t, t + (1 << 16), memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        if (is_shuffled()) piece = (piece + loop_number(t)) % pieces;
        size_t granules = (count + granule - 1) / granule;
        size_t begin = granules * piece / pieces * granule, end = granules * (piece + 1) / pieces * granule;
        if (end > count) end = count;
        if (begin < end) part(context, begin, end);
        gk_count(&loop.finished, (uint32_t)pieces);
        return true;
    }
    return false;
}

/// A number from xorshift. Threads that race for it may see the same one.
static int shuffled(void) {
    uint32_t x = atomic_load_explicit(&shuffle, memory_order_relaxed);
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    atomic_store_explicit(&shuffle, x, memory_order_relaxed);
    return (int)(x & 0xFFFF);
}

void gk_shuffle_claims(uint32_t seed) { atomic_store(&shuffle, seed); }

/// Runs the thread's own pieces, then the unclaimed pieces of other threads. A worker rests between pieces when its turn
/// is over; the caller, without whom no loop begins, has none.
static void work(int me, gk_turn *turn) {
    if (is_shuffled()) me = shuffled();
    int all = atomic_load_explicit(&loop.threads, memory_order_relaxed);
    for (int i = 0; i < all; i++)
        while (work_on_piece(&members[(me + i) % all]))
            if (turn) gk_rest_if_due(turn);
}

// ---- Threads ----

/// Flushes denormals to zero. Returns the argument for restore_control.
static unsigned flush_denormals(void) {
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
    return before;
#else
    return 0;
#endif
}

static void restore_control(unsigned control) {
#if defined(__x86_64__)
    _mm_setcsr(control);
#else
    (void)control;
#endif
}

// omp_set_num_threads(1) on every thread of the team keeps oneDNN from creating a team of its own: its primitives run
// on the thread that calls them.

static void *worker(void *argument) {
    int me = (int)(intptr_t)argument;
    flush_denormals();
    omp_set_num_threads(1);
    gk_bind_to_place(me);
    gk_turn turn = {0};
    for (uint32_t seen = 0;;) {
        seen = gk_wait(&members[me].bell, seen, &turn);
        if (gk_may_work(&turn, atomic_load_explicit(&loop.processor, memory_order_relaxed))) work(me, &turn);
    }
    return 0;
}

void gk_take_team(void) {
    caller.control = flush_denormals();
    caller.omp_threads = omp_get_max_threads();
    omp_set_num_threads(1);
    caller.has_team = true;
    if (!is_set_up) {
        is_set_up = true;
        gk_choose_spinning();
        // The threads are started by the first loop. Their number may be changed until then.
        int processors = omp_get_num_procs(), limit = omp_get_thread_limit();
        threads = caller.omp_threads < processors ? caller.omp_threads : processors;
        if (threads > limit) threads = limit;
        if (threads > most_at_start) threads = most_at_start;
    }
}

void gk_limit_threads(int most) { most_at_start = most < MOST_THREADS ? most : MOST_THREADS; }

void gk_give_team(void) {
    caller.has_team = false;
    omp_set_num_threads(caller.omp_threads);
    restore_control(caller.control);
}

bool gk_has_team(void) { return caller.has_team; }

/// Starts threads until there are `wanted`, or as many as the system allows.
static void start_workers(int wanted) {
    enum { STACK = 2 << 20 };  // bytes of address space, which its limit counts
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);  // workers inherit the mask: other threads handle signals
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (; started < wanted; started++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, worker, (void *)(intptr_t)started) != 0) break;
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, 0);
}

int gk_set_threads(int wanted) {
    int limit = omp_get_thread_limit(), most = limit < MOST_THREADS ? limit : MOST_THREADS;
    int taken = wanted < 1 ? 1 : wanted < most ? wanted : most;
    start_workers(taken);
    threads = taken < started ? taken : started;
    return threads;
}

int gk_threads(void) { return threads; }

int gk_processors(void) { return omp_get_num_procs(); }

int gk_thread_limit(void) { return omp_get_thread_limit(); }

// ---- Loops ----

/// As many pieces for each thread as are worth their claims.
static size_t pieces_for_each(size_t effort, size_t granules, size_t all) {
    size_t each = effort / PIECE / all, most = granules / all < MOST_EACH ? granules / all : MOST_EACH;
    return each < 1 ? 1 : each < most ? each : most;
}

static void divide(gk_part part, const void *context, size_t count, size_t granule, size_t effort, bool evenly) {
    static uint32_t number;
    size_t granules = granule > 0 ? (count + granule - 1) / granule : 0;
    int all = (size_t)threads < granules ? threads : (int)granules;
    // A thread that does not have the team runs the loop alone.
    if (all <= 1 || effort < 16384 || !caller.has_team) {
        part(context, 0, count);
        return;
    }
    if (started < threads) {
        gk_set_threads(threads);
        divide(part, context, count, granule, effort, evenly);
        return;
    }
    number++;
    atomic_store_explicit(&loop.part, part, memory_order_relaxed);
    atomic_store_explicit(&loop.context, context, memory_order_relaxed);
    atomic_store_explicit(&loop.count, count, memory_order_relaxed);
    atomic_store_explicit(&loop.granule, granule, memory_order_relaxed);
    size_t each = evenly ? 1 : pieces_for_each(effort, granules, (size_t)all), pieces = each * (size_t)all;
    atomic_store_explicit(&loop.pieces, pieces, memory_order_relaxed);
    atomic_store_explicit(&loop.threads, all, memory_order_relaxed);
    atomic_store_explicit(&loop.processor, is_shuffled() ? -1 : gk_processor(), memory_order_relaxed);
    gk_reset(&loop.finished);
    for (int i = 0; i < all; i++)
        atomic_store_explicit(&members[i].pieces, make_ticket(number, (size_t)i * each, ((size_t)i + 1) * each),
                              memory_order_release);
    for (int i = 1; i < all; i++) gk_ring(&members[i].bell, number);
    work(0, NULL);
    gk_wait_for(&loop.finished, (uint32_t)pieces);
}

void gk_divide(gk_part part, const void *context, size_t count, size_t granule, size_t effort) {
    divide(part, context, count, granule, effort, false);
}

void gk_divide_evenly(gk_part part, const void *context, size_t count, size_t granule, size_t effort) {
    divide(part, context, count, granule, effort, true);
}
