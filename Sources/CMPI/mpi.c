// MPI through dlopen. Open MPI's handles are addresses of its global variables; those of MPICH and the libraries with its
// binary interface (Intel MPI, MVAPICH, Cray MPICH) are the numbers below, from MPICH's mpi.h.
#define _GNU_SOURCE
#include "CMPI.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *library;
static bool is_open_mpi;
/// Handles are `int` in MPICH and pointers in Open MPI. Both are passed in a register of the same kind, and MPICH reads its
/// lower half, as every caller from C does.
static struct { void *world, *float32, *byte, *sum; } handle;
static struct {
    int (*init)(int *, char ***, int, int *);
    int (*rank)(void *, int *);
    int (*size)(void *, int *);
    int (*allreduce)(const void *, void *, int, void *, void *, void *);
    int (*broadcast)(void *, int, void *, int, void *);
    int (*send)(const void *, int, void *, int, int, void *);
    int (*receive)(void *, int, void *, int, int, void *, void *);
    int (*probe)(int, int, void *, int *, void *);
    int (*finalize)(void);
    int (*abort)(void *, int);
    int (*version)(char *, int *);
} mpi;
static int rank, size = 1;
static char text[512], version[256];

static void *in_place(void) { return (void *)(intptr_t)(is_open_mpi ? 1 : -1); }
static void *no_status(void) { return (void *)(intptr_t)(is_open_mpi ? 0 : 1); }

static bool find(const char *name, void *function) {
    void *found = dlsym(library, name);
    if (!found) snprintf(text, sizeof text, "it has no %s", name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

/// Open MPI's handle of a name; false if the library is not Open MPI.
static bool find_handle(const char *name, void **found) { return (*found = dlsym(library, name)) != NULL; }

static bool find_all(void) {
    is_open_mpi = find_handle("ompi_mpi_comm_world", &handle.world) && find_handle("ompi_mpi_float", &handle.float32)
                  && find_handle("ompi_mpi_byte", &handle.byte) && find_handle("ompi_mpi_op_sum", &handle.sum);
    if (!is_open_mpi) {
        handle.world = (void *)(uintptr_t)0x44000000;
        handle.float32 = (void *)(uintptr_t)0x4c00040a;
        handle.byte = (void *)(uintptr_t)0x4c00010d;
        handle.sum = (void *)(uintptr_t)0x58000003;
    }
    return find("MPI_Init_thread", &mpi.init) && find("MPI_Comm_rank", &mpi.rank) && find("MPI_Comm_size", &mpi.size)
           && find("MPI_Allreduce", &mpi.allreduce) && find("MPI_Bcast", &mpi.broadcast) && find("MPI_Send", &mpi.send)
           && find("MPI_Recv", &mpi.receive) && find("MPI_Iprobe", &mpi.probe) && find("MPI_Finalize", &mpi.finalize)
           && find("MPI_Abort", &mpi.abort) && find("MPI_Get_library_version", &mpi.version);
}

/// The first line of what the library says about itself, up to the first comma.
static void read_version(void) {
    char whole[8192] = "";
    int length = 0;
    mpi.version(whole, &length);
    whole[sizeof whole - 1] = 0;
    size_t end = strcspn(whole, ",\n");
    if (end >= sizeof version) end = sizeof version - 1;
    memcpy(version, whole, end);
    version[end] = 0;
    for (char *c = version; *c; c++) if (*c == '\t') *c = ' ';
}

/// MPICH and its relatives say so; any other library has handles that are not known here.
static bool is_known(void) {
    static const char *const names[] = {"MPICH", "Intel(R) MPI", "MVAPICH", "CRAY MPICH"};
    if (is_open_mpi) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(version, names[i], strlen(names[i])) == 0) return true;
    return false;
}

// ---- A limit for MPI_Init, which waits for all processes ----

static atomic_bool is_started;
static double start_limit;

static void *watch(void *unused) {
    struct timespec time = {(time_t)start_limit, 0};
    while (nanosleep(&time, &time) != 0) {}
    if (!atomic_load(&is_started)) {
        const char *names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}, *own = NULL;
        for (size_t i = 0; i < sizeof names / sizeof *names && !own; i++) own = getenv(names[i]);
        fprintf(stderr, "ganymede: rank %s has waited %.0f s in MPI_Init for the other ranks: one of them has not started\n",
                own ? own : "?", start_limit);
        _Exit(1);
    }
    return unused;
}

static void watch_start(double limit) {
    pthread_t thread;
    start_limit = limit < 1 ? 1 : limit;
    if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
}

const char *gmpi_start(const char *name, double limit) {
    // Open MPI's plugins look for its symbols among the global ones.
    library = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        snprintf(text, sizeof text, "%s", dlerror());
        return text;
    }
    if (!find_all()) return text;
    read_version();
    if (!is_known()) {
        snprintf(text, sizeof text, "it is %s, and only Open MPI, MPICH and libraries with its binary interface are known",
                 version);
        return text;
    }
    enum { FUNNELED = 1 };  // all calls come from one thread
    int provided = 0;
    watch_start(limit);
    if (mpi.init(NULL, NULL, FUNNELED, &provided) != 0) return "MPI_Init_thread failed";
    atomic_store(&is_started, true);
    if (mpi.rank(handle.world, &rank) != 0 || mpi.size(handle.world, &size) != 0) return "MPI_Comm_rank failed";
    return NULL;
}

int gmpi_rank(void) { return rank; }
int gmpi_size(void) { return size; }
const char *gmpi_version(void) { return version; }

enum { MOST = 1 << 28 };  // counts are int

bool gmpi_sum(float *values, size_t count) {
    for (size_t done = 0; done < count; done += MOST) {
        int part = count - done < MOST ? (int)(count - done) : MOST;
        if (mpi.allreduce(in_place(), values + done, part, handle.float32, handle.sum, handle.world) != 0) return false;
    }
    return true;
}

bool gmpi_broadcast(void *bytes, size_t count, int root) {
    for (size_t done = 0; done < count; done += MOST) {
        int part = count - done < MOST ? (int)(count - done) : MOST;
        if (mpi.broadcast((char *)bytes + done, part, handle.byte, root, handle.world) != 0) return false;
    }
    return true;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int gmpi_meet(double limit) {
    enum { TAG = 7 };
    char byte = 1;
    double end = seconds() + limit;
    if (rank > 0) mpi.send(&byte, 1, handle.byte, 0, TAG, handle.world);
    // Process 0 hears from all, then answers.
    for (int other = rank > 0 ? 0 : 1, last = rank > 0 ? 0 : size - 1; other <= last; other++) {
        for (int is_here = 0; !is_here;) {
            if (mpi.probe(other, TAG, handle.world, &is_here, no_status()) != 0) return other;
            // A process that waits for 0 gives it time to name the one that is missing.
            if (!is_here && seconds() > end + (rank > 0 ? 5 : 0)) return other;
            if (!is_here) nanosleep(&(struct timespec){0, 1000000}, NULL);
        }
        if (mpi.receive(&byte, 1, handle.byte, other, TAG, handle.world, no_status()) != 0) return other;
    }
    for (int other = 1; rank == 0 && other < size; other++) mpi.send(&byte, 1, handle.byte, other, TAG, handle.world);
    return -1;
}

void gmpi_finish(void) { mpi.finalize(); }

void gmpi_abort(int code) {
    mpi.abort(handle.world, code);
    _Exit(code);
}
