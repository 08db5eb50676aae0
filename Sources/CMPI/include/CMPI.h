/// The few functions of MPI that Ganymede uses, from a library that is loaded at run time: none is needed to build, or to
/// run alone.
#ifndef CMPI_H
#define CMPI_H

#include <stdbool.h>
#include <stddef.h>

/// Loads an MPI library and joins the other processes. Returns NULL, or why that failed. Ends the process with a message if
/// the others do not start within `limit` seconds: MPI offers no other way.
const char *gmpi_start(const char *library, double limit);
int gmpi_rank(void);
int gmpi_size(void);
/// The library's name and version, such as `Open MPI v4.1.4`.
const char *gmpi_version(void);
/// Replaces each value by its sum over all processes.
bool gmpi_sum(float *values, size_t count);
/// Replaces the bytes by those of process `root`.
bool gmpi_broadcast(void *bytes, size_t count, int root);
/// Waits until every process has called it, for at most `seconds`. Returns the number of a process that has not, or -1.
int gmpi_meet(double seconds);
/// Ends this process's part. All have to call it.
void gmpi_finish(void);
/// Ends all processes.
_Noreturn void gmpi_abort(int code);

#endif
