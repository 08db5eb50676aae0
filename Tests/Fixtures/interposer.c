// Preloaded into the command (Linux with glibc): counts what the thread that executes oneDNN's primitives allocates and
// frees and how many primitives it creates, from the start of the execution number GANYMEDE_COUNTS_FROM to the end of
// number GANYMEDE_COUNTS_UNTIL, and writes that to the file GANYMEDE_COUNTS when the process ends.
// Swift's objects and those of C++'s operator new come to malloc, so they are counted with it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

struct counts {
    long executions, creations;
    // [0] outside oneDNN's executions, [1] inside them.
    long allocations[2], frees[2];
};

// Without a call for its address: that call could allocate.
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct counts counts;
THREAD_LOCAL int inside;
// What the engine's thread had counted at the two ends; all its executions; how many threads executed anything.
static struct counts first, last;
static long executions;
static int threads;

static void counted(void) { counts.allocations[inside]++; }

void *malloc(size_t size) {
    counted();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    counted();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    if (old) counts.frees[inside]++;
    counted();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    counted();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **out, size_t alignment, size_t size) {
    void *memory = memalign(alignment, size);
    if (!memory) return ENOMEM;
    *out = memory;
    return 0;
}

void free(void *memory) {
    if (memory) counts.frees[inside]++;
    __libc_free(memory);
}

static long number(const char *name, long missing) {
    const char *text = getenv(name);
    return text ? atol(text) : missing;
}

// oneDNN's types are pointers but for the count, and its status an int.
int dnnl_primitive_execute(const void *primitive, void *stream, int count, const void *arguments) {
    static int (*original)(const void *, void *, int, const void *);
    if (!original) original = dlsym(RTLD_NEXT, "dnnl_primitive_execute");
    if (counts.executions == 0) threads++;
    if (counts.executions + 1 == number("GANYMEDE_COUNTS_FROM", 1)) first = counts;
    inside = 1;
    int status = original(primitive, stream, count, arguments);
    inside = 0;
    executions = ++counts.executions;
    if (executions <= number("GANYMEDE_COUNTS_UNTIL", LONG_MAX)) last = counts;
    return status;
}

int dnnl_primitive_create(void **primitive, const void *description) {
    static int (*original)(void **, const void *);
    if (!original) original = dlsym(RTLD_NEXT, "dnnl_primitive_create");
    counts.creations++;
    return original(primitive, description);
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("GANYMEDE_COUNTS");
    if (!path || !executions) return;  // A shell that starts the command is preloaded, too.
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file,
            "{\"threads\":%d,\"executions\":%ld,\"counted\":%ld,\"creations\":%ld,\"outside\":%ld,\"outside_freed\":%ld,"
            "\"inside\":%ld,\"inside_freed\":%ld}\n",
            threads, executions, last.executions - first.executions, last.creations - first.creations,
            last.allocations[0] - first.allocations[0], last.frees[0] - first.frees[0],
            last.allocations[1] - first.allocations[1], last.frees[1] - first.frees[1]);
    fclose(file);
}
