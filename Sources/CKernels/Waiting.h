/// How threads wait for each other: they spin for a short time, then sleep.
#ifndef WAITING_H
#define WAITING_H

#include "Turns.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/// A number that threads wait for.
typedef struct {
    _Atomic uint32_t number;
    atomic_bool sleeping;  ///< whether a thread may be asleep
} gk_bell;

/// Determines how long to spin: from GOMP_SPINCOUNT or OMP_WAIT_POLICY, if one of them is set.
void gk_choose_spinning(void);
/// Binds the calling thread to an OpenMP place, if OMP_PROC_BIND or OMP_PLACES ask for that.
void gk_bind_to_place(int thread);

/// Waits until the number differs from `seen`, and returns it.
uint32_t gk_wait(gk_bell *bell, uint32_t seen, gk_turn *turn);
/// Waits until the number equals `wanted`.
void gk_wait_for(gk_bell *bell, uint32_t wanted);
/// Sets the number and wakes the threads that wait for a change.
void gk_ring(gk_bell *bell, uint32_t number);
/// Adds one. If the result is `wanted`, wakes the waiting threads and returns true.
bool gk_count(gk_bell *bell, uint32_t wanted);
/// Seconds of a monotonic clock.
double gk_seconds(void);
/// Sets the number to zero. No thread may be waiting.
void gk_reset(gk_bell *bell);

#endif
