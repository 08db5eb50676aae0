// Allocates small C++ objects of the command without malloc.
//
// oneDNN's only function that executes a primitive copies the arguments into a std::unordered_map: six allocations and
// deallocations per call, hundreds per training step. Here blocks of up to 256 bytes come from pages of one region.
// Freed blocks wait in a list of the thread that freed them. Larger blocks go to the C++ library. So do small blocks
// once the region is used up; the blocks of threads that have ended are never reused. Only the command is linked with
// this: a library must not replace the allocator of the process that uses it.
#if defined(__linux__) && defined(__ELF__)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { GRANULE = 16, CLASSES = 16, PAGE = 4096, PAGES = 256 };

typedef struct block {
    struct block *next;
} block;

static _Alignas(PAGE) char region[PAGES][PAGE];
/// Size class of the blocks of each page: their size in granules, less one.
static unsigned char classes[PAGES];
static atomic_size_t used;
static _Thread_local block *waiting[CLASSES];

typedef void *(*take)(size_t size);
typedef void (*give)(void *memory);

/// The C++ library's own function of that name.
static void *original(_Atomic(void *) *known, const char *name) {
    void *found = atomic_load_explicit(known, memory_order_relaxed);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        if (!found) abort();  // a C++ library without operator new
        atomic_store_explicit(known, found, memory_order_relaxed);
    }
    return found;
}

/// Divides a new page into blocks on the thread's list of a class. False if no page is left.
static int divide(size_t class) {
    size_t page = atomic_load_explicit(&used, memory_order_relaxed);
    do {
        if (page >= PAGES) return 0;
    } while (!atomic_compare_exchange_weak(&used, &page, page + 1));
    size_t size = (class + 1) * GRANULE;
    classes[page] = (unsigned char)class;
    for (size_t at = 0; at + size <= PAGE; at += size) {
        block *made = (block *)(void *)&region[page][at];
        made->next = waiting[class];
        waiting[class] = made;
    }
    return 1;
}

/// operator new(size_t)
void *_Znwm(size_t size) {
    static _Atomic(void *) known;
    size_t class = size == 0 ? 0 : (size - 1) / GRANULE;
    if (class >= CLASSES || (!waiting[class] && !divide(class))) return ((take)original(&known, "_Znwm"))(size);
    block *taken = waiting[class];
    waiting[class] = taken->next;
    return taken;
}

/// operator delete(void *)
void _ZdlPv(void *memory) {
    static _Atomic(void *) known;
    uintptr_t offset = (uintptr_t)memory - (uintptr_t)region;
    if (offset >= sizeof region) {
        ((give)original(&known, "_ZdlPv"))(memory);
        return;
    }
    block *given = memory;
    size_t class = classes[offset / PAGE];
    given->next = waiting[class];
    waiting[class] = given;
}

/// operator delete(void *, size_t)
void _ZdlPvm(void *memory, size_t size) {
    (void)size;
    _ZdlPv(memory);
}
#endif
