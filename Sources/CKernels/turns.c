// Turns, and the rests between them.
#define _GNU_SOURCE
#include "Turns.h"
#include "Waiting.h"

#include <stdatomic.h>
#include <time.h>
#if defined(__linux__)
#include <sched.h>
#endif

// Measured beside a process that never sleeps, on Linux 6.18 with a tick of 4 ms: with turns of 1 to 2 ms and rests of 0.3 to
// 1 ms a thread gets 45 % of its processor, and loses it within 1 % of its turns; without rests within 25 %.
#define TURN 1.5e-3   // seconds
#define REST 0.7e-3
#define ASIDE 2e-3    // the sleep of a worker on the caller's processor
#define BETWEEN_MOVES 10e-3
#define DELAY 0.3e-3  // longer than interrupts take
#define SOON 0.2      // how soon a delay counts no more
#define ENOUGH 25e-3  // so much delay within that time is a process that stays, and not a browser that draws a page
#define MEMORY 0.3    // how long a delay is remembered

static _Atomic double shared_until;

bool gk_is_sharing(void) { return gk_seconds() < atomic_load_explicit(&shared_until, memory_order_relaxed); }

static double processor_seconds(void) {
    struct timespec used;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) return 0;
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

static void begin(gk_turn *turn, double now) {
    turn->began = now;
    turn->computed = processor_seconds();
    turn->slept = 0;
}

static void note_delay(gk_turn *turn, double now, double delay) {
    if (delay < DELAY) return;
    double since = now - turn->delayed;
    turn->lost = (since < SOON ? turn->lost * (1 - since / SOON) : 0) + delay;
    if (turn->lost >= ENOUGH) {
        turn->shared_until = now + MEMORY;
        atomic_store_explicit(&shared_until, turn->shared_until, memory_order_relaxed);
    }
    turn->delayed = now;
}

// A short sleep is part of the turn: the scheduler does not forget for it what the thread has used.
void gk_note_sleep(gk_turn *turn, double start) {
    double now = gk_seconds();
    if (now - start >= REST) begin(turn, now);
    else turn->slept += now - start;
}

static void sleep_for(double seconds) { nanosleep(&(struct timespec){0, (long)(seconds * 1e9)}, NULL); }

int gk_processor(void) {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

/// Moves the thread to another of its processors than this one. False if it has no other.
static bool leave(int processor) {
#if defined(__linux__)
    cpu_set_t own, others;
    if (sched_getaffinity(0, sizeof own, &own) != 0) return false;
    others = own;
    CPU_CLR((size_t)processor, &others);
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return false;
    sched_setaffinity(0, sizeof own, &own);
    return true;
#else
    (void)processor;
    return false;
#endif
}

// With a busy process on the other processor, the scheduler is content to have two threads of a run on one of them.
bool gk_may_work(gk_turn *turn, int callers_processor) {
    if (callers_processor < 0 || gk_processor() != callers_processor) return true;
    double now = gk_seconds();
    if (now - turn->moved >= BETWEEN_MOVES && leave(callers_processor)) {
        turn->moved = now;
        return true;
    }
    sleep_for(ASIDE);
    begin(turn, gk_seconds());
    return false;
}

void gk_rest_if_due(gk_turn *turn) {
    double now = gk_seconds();
    if (now - turn->began < TURN) return;
    note_delay(turn, now, now - turn->began - turn->slept - (processor_seconds() - turn->computed));
    if (now < turn->shared_until) {
        double start = now;
        sleep_for(REST);
        now = gk_seconds();
        note_delay(turn, now, now - start - REST);
    }
    begin(turn, now);
}
