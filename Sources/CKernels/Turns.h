/// How a worker shares its processor with other processes.
///
/// The scheduler takes a processor away at any time, mostly for 4 ms, and everyone then waits for the piece that the worker
/// has begun. It rarely does so to a thread that has just slept. So where others want the processor, a worker sleeps
/// briefly after each turn, between two pieces. Where nobody does, it does not.
#ifndef TURNS_H
#define TURNS_H

#include <stdbool.h>

/// Zero at first.
typedef struct {
    double began;           ///< the current turn
    double computed;        ///< the thread's processor time then
    double slept;           ///< since then
    double delayed;         ///< when others last had the processor for long
    double lost;            ///< the time that they had it lately
    double shared_until;
    double moved;           ///< when it left the caller's processor
} gk_turn;

/// Call after a sleep that began at `start`.
void gk_note_sleep(gk_turn *turn, double start);
/// Call between pieces.
void gk_rest_if_due(gk_turn *turn);
/// Call before the pieces of a loop. If the worker is on the caller's processor, it could only take it away: it moves to
/// another, or sleeps and returns false.
bool gk_may_work(gk_turn *turn, int callers_processor);
/// The processor that runs the thread, or -1 if that is unknown.
int gk_processor(void);
/// Whether some worker shares its processor.
bool gk_is_sharing(void);

#endif
