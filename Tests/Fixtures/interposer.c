// Preloaded into the command (Linux with glibc): counts what the thread that trains allocates and frees, and how many of
// oneDNN's primitives it executes and creates, from the start of the mark number GANYMEDE_COUNTS_FROM to the end of
// number GANYMEDE_COUNTS_UNTIL, and writes that to the file GANYMEDE_COUNTS when the process ends.
// A mark is what every step does equally often in a library: an execution of a primitive, or a power of a number below 1, of which
// Adam's bias correction takes two for each network. Without AVX-512 most presets execute no primitive.
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
    long marks, executions, creations;
    // [0] outside oneDNN's executions, [1] inside them.
    long allocations[2], frees[2];
};

// Without a call for its address: that call could allocate.
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct counts counts;
THREAD_LOCAL int inside;
// What the engine's thread had counted at the two ends; all its marks; how many threads made any.
static struct counts first, last;
static long marks;
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

static void begin_mark(void) {
    if (counts.marks == 0) threads++;
    if (counts.marks + 1 == number("GANYMEDE_COUNTS_FROM", 1)) first = counts;
}

static void end_mark(void) {
    marks = ++counts.marks;
    if (marks <= number("GANYMEDE_COUNTS_UNTIL", LONG_MAX)) last = counts;
}

double pow(double base, double exponent) {
    static double (*original)(double, double);
    if (!original) original = dlsym(RTLD_NEXT, "pow");
    if (base < 1) {
        begin_mark();
        end_mark();
    }
    return original(base, exponent);
}

// oneDNN's types are pointers but for the count, and its status an int.
int dnnl_primitive_execute(const void *primitive, void *stream, int count, const void *arguments) {
    static int (*original)(const void *, void *, int, const void *);
    if (!original) original = dlsym(RTLD_NEXT, "dnnl_primitive_execute");
    begin_mark();
    counts.executions++;
    inside = 1;
    int status = original(primitive, stream, count, arguments);
    inside = 0;
    end_mark();
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
    if (!path || !marks) return;  // A shell that starts the command is preloaded, too.
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file,
            "{\"threads\":%d,\"marks\":%ld,\"counted\":%ld,\"executions\":%ld,\"creations\":%ld,\"outside\":%ld,"
            "\"outside_freed\":%ld,\"inside\":%ld,\"inside_freed\":%ld}\n",
            threads, marks, last.marks - first.marks, last.executions - first.executions,
            last.creations - first.creations,
            last.allocations[0] - first.allocations[0], last.frees[0] - first.frees[0],
            last.allocations[1] - first.allocations[1], last.frees[1] - first.frees[1]);
    fclose(file);
}
