/// How threads wait for each other: they spin for a short time, and then sleep.
#ifndef WAITING_H
#define WAITING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/// A number that threads wait for.
typedef struct {
    _Atomic uint32_t number;
    atomic_bool sleeping;  ///< whether somebody may be asleep
} gk_bell;

/// Finds out how long to spin: as GOMP_SPINCOUNT or OMP_WAIT_POLICY say, where one of them is set.
void gk_choose_spinning(void);
/// Binds the calling thread to a place, where OMP_PROC_BIND or OMP_PLACES ask for that.
void gk_bind_to_place(int thread);

/// Waits until the number is another than `seen`, and returns it.
uint32_t gk_wait(gk_bell *bell, uint32_t seen);
/// Waits until the number is `wanted`. Returns the seconds that it slept.
double gk_wait_for(gk_bell *bell, uint32_t wanted);
/// Sets the number and wakes who waits for a change.
void gk_ring(gk_bell *bell, uint32_t number);
/// Adds one. True if that makes `wanted`; whoever waits is woken then.
bool gk_count(gk_bell *bell, uint32_t wanted);
/// Seconds since some fixed moment.
double gk_seconds(void);
/// Sets the number to zero while nobody waits.
void gk_reset(gk_bell *bell);

#endif
