// The thread team that runs the kernels and oneDNN's primitives.
//
// A loop is divided into one piece for each thread, and any thread may claim any piece: each claims its own first, then
// those of threads that have not started yet. So a preempted thread delays only the piece that it has begun, and a team
// that is smaller than requested is merely slower. Waiting threads spin for a short time and then sleep.
#define _GNU_SOURCE
#include "Table.h"
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

enum { MOST_THREADS = 1024 };

// ---- The work of one thread ----

/// The unclaimed pieces of one thread: the loop's number, the next piece and the end, in one word. So one
/// compare-and-swap claims a piece of the intended loop, and never of a later one.
typedef uint64_t ticket;

static ticket make_ticket(uint32_t loop, size_t next, size_t end) {
    return (ticket)loop << 32 | (ticket)next << 16 | (ticket)end;
}
static size_t next_piece(ticket t) { return t >> 16 & 0xFFFF; }
static size_t last_piece(ticket t) { return t & 0xFFFF; }

typedef struct {
    _Alignas(64) _Atomic ticket pieces;
    gk_bell bell;  ///< set to the loop's number
    double late, left_out_until, left_out;  ///< when it was last late; until when, and how long, it is left out
} member;

static member members[MOST_THREADS];
static int threads = 1, started = 1;  ///< of the team, and those that exist; both include the caller
static bool is_set_up;
static int most_at_start = MOST_THREADS;
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
    gk_bell finished;  ///< number of finished pieces
    _Atomic(member *) last;  ///< the thread of the last piece
} loop;

/// Claims one of `m`'s pieces and runs it. False if there was none.
static bool work_on_piece(member *m, member *self) {
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
        size_t granules = (count + granule - 1) / granule;
        size_t begin = granules * piece / pieces * granule, end = granules * (piece + 1) / pieces * granule;
        if (end > count) end = count;
        if (begin < end) part(context, begin, end);
        // Stored before the piece is counted: afterwards the loop may be over.
        atomic_store_explicit(&loop.last, self, memory_order_relaxed);
        gk_count(&loop.finished, (uint32_t)pieces);
        return true;
    }
    return false;
}

/// Runs the thread's own pieces, then the unclaimed pieces of other threads.
static void work(int me) {
    int all = atomic_load_explicit(&loop.threads, memory_order_relaxed);
    for (int i = 0; i < all; i++)
        while (work_on_piece(&members[(me + i) % all], &members[me])) {}
}

// ---- Preempted threads ----

#define LATE 500e-6  // seconds that the caller sleeps because of a thread
#define SOON 0.2
#define SHORTEST 0.05
#define LONGEST 1.0

/// A late thread was preempted. A single time is normal on any machine. If it happens again soon, the thread is left
/// out of the team for a while, twice as long each time: it is not woken, and other threads run its pieces.
static void note_late(member *m) {
    double now = gk_seconds();
    bool came_back = m->left_out_until > 0 && now - m->left_out_until < SOON;
    if (came_back || now - m->late < SOON) {
        m->left_out = came_back && m->left_out * 2 < LONGEST ? m->left_out * 2 : came_back ? LONGEST : SHORTEST;
        m->left_out_until = now + m->left_out;
    }
    m->late = now;
}

static bool is_left_out(member *m) { return m->left_out_until > 0 && gk_seconds() < m->left_out_until; }

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
    for (uint32_t seen = 0;;) {
        seen = gk_wait(&members[me].bell, seen);
        work(me);
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

void gk_divide(gk_part part, const void *context, size_t count, size_t granule, size_t effort) {
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
        gk_divide(part, context, count, granule, effort);
        return;
    }
    number++;
    atomic_store_explicit(&loop.part, part, memory_order_relaxed);
    atomic_store_explicit(&loop.context, context, memory_order_relaxed);
    atomic_store_explicit(&loop.count, count, memory_order_relaxed);
    atomic_store_explicit(&loop.granule, granule, memory_order_relaxed);
    atomic_store_explicit(&loop.pieces, (size_t)all, memory_order_relaxed);
    atomic_store_explicit(&loop.threads, all, memory_order_relaxed);
    gk_reset(&loop.finished);
    for (int i = 0; i < all; i++)
        atomic_store_explicit(&members[i].pieces, make_ticket(number, (size_t)i, (size_t)i + 1), memory_order_release);
    for (int i = 1; i < all; i++)
        if (!is_left_out(&members[i])) gk_ring(&members[i].bell, number);
    double start = gk_seconds();
    work(0);
    double worked = gk_seconds() - start, slept = gk_wait_for(&loop.finished, (uint32_t)all);
    // Pieces of long loops may differ by milliseconds: a thread was preempted only if it took half as long again.
    if (slept < LATE || slept < worked / 2) return;
    member *last = atomic_load_explicit(&loop.last, memory_order_relaxed);
    if (last != &members[0]) note_late(last);
}
