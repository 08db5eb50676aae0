// Shared by the parts of the shim: the supported versions, and the structs behind the handles.
#pragma once
#include "COneDNN.h"

#include <dnnl.h>

#if DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP
#error "Ganymede needs a oneDNN built for OpenMP (Debian's libdnnl-dev is)"
#endif
#if DNNL_VERSION_MAJOR < 2 || (DNNL_VERSION_MAJOR == 2 && DNNL_VERSION_MINOR < 6) || \
    (DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR < 1)
#error "Ganymede supports oneDNN 2.6 to 2.7 and 3.1 or newer"
#endif

#define V3 (DNNL_VERSION_MAJOR >= 3)
#define ARGUMENTS 5
#define TRY(call)                                      \
    do {                                               \
        dnnl_status_t status_ = (call);                \
        if (status_ != dnnl_success) return status_;   \
    } while (0)

struct gdn_descriptor {
    dnnl_memory_desc_t md;  // a value struct in 2.x, a handle in 3.x
};
struct gdn_attributes {
    dnnl_primitive_attr_t attr;
};
struct gdn_operation {
    const int *ids;  // oneDNN's argument numbers
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    dnnl_memory_t memories[ARGUMENTS];
    dnnl_exec_arg_t exec[ARGUMENTS];
    int exec_count;
    dnnl_status_t status;  // of the last execution
};

#if V3
typedef const_dnnl_memory_desc_t md_reference;
#define MD(descriptor) ((descriptor)->md)
#else
typedef const dnnl_memory_desc_t *md_reference;
#define MD(descriptor) (&(descriptor)->md)
#endif

// One CPU engine for the process; the first caller creates it.
extern dnnl_engine_t gdn_engine;
dnnl_status_t gdn_ensure_engine(void);

// Wraps a primitive descriptor (which it takes over) into an operation without bound memory. `ids` must outlive it.
int gdn_operation_create(gdn_operation **out, dnnl_primitive_desc_t pd, const int *ids);
