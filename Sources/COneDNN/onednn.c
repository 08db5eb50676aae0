#include "COneDNN.h"

#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>

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
    const int *ids;  // oneDNN's numbers of the arguments
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    dnnl_memory_t memories[ARGUMENTS];
    dnnl_exec_arg_t exec[ARGUMENTS];
    int exec_count;
};

// By gdn_argument: of forward operations (a reorder's numbers are the same), and of gradients.
static const int forward_ids[ARGUMENTS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD,
                                           DNNL_ARG_BIAS};
static const int input_gradient_ids[ARGUMENTS] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST,
                                                  DNNL_ARG_SCRATCHPAD, DNNL_ARG_BIAS};
static const int filter_gradient_ids[ARGUMENTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST,
                                                   DNNL_ARG_SCRATCHPAD, DNNL_ARG_DIFF_BIAS};

// One CPU engine and one in-order stream for the process; the first caller makes them.
static dnnl_engine_t engine;
static dnnl_stream_t stream;

static dnnl_status_t ensure_stream(void) {
    if (stream) return dnnl_success;
    TRY(dnnl_engine_create(&engine, dnnl_cpu, 0));
    return dnnl_stream_create(&stream, engine, dnnl_stream_in_order);
}

const char *gdn_status_name(int status) {
    switch ((dnnl_status_t)status) {
    case dnnl_success: return "success";
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "unimplemented";
    case dnnl_runtime_error: return "runtime error";
    case dnnl_not_required: return "not required";
    default: return "unknown status";
    }
}

const char *gdn_version(void) {
    static char text[32];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

gdn_isa gdn_effective_isa(void) {
    // Instruction sets are bit sets, in which a newer one contains the older.
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    unsigned avx512 = (unsigned)dnnl_cpu_isa_avx512_core, avx2 = (unsigned)dnnl_cpu_isa_avx2;
    if ((isa & avx512) == avx512) return GDN_ISA_AVX512;
    if ((isa & avx2) == avx2) return GDN_ISA_AVX2;
    return GDN_ISA_BASELINE;
}

const char *gdn_effective_isa_name(void) {
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse41";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx512_core: return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512_core_bf16";
    default: return gdn_effective_isa() == GDN_ISA_AVX512 ? "avx512_core or newer" : "other";
    }
}

bool gdn_has_bfloat16(void) {
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa(), wanted = (unsigned)dnnl_cpu_isa_avx512_core_bf16;
    return (isa & wanted) == wanted;
}

int gdn_descriptor_create(gdn_descriptor **out, gdn_element element, int rank, const int64_t *dims,
                          const int64_t *strides) {
    dnnl_data_type_t type = element == GDN_BFLOAT16 ? dnnl_bf16 : dnnl_f32;
    gdn_descriptor *made = calloc(1, sizeof *made);
    if (!made) return dnnl_out_of_memory;
    dnnl_status_t status;
#if V3
    status = strides ? dnnl_memory_desc_create_with_strides(&made->md, rank, dims, type, strides)
                     : dnnl_memory_desc_create_with_tag(&made->md, rank, dims, type,
                                                        dnnl_format_tag_any);
#else
    status = strides ? dnnl_memory_desc_init_by_strides(&made->md, rank, dims, type, strides)
                     : dnnl_memory_desc_init_by_tag(&made->md, rank, dims, type,
                                                    dnnl_format_tag_any);
#endif
    if (status != dnnl_success) {
        free(made);
        return status;
    }
    *out = made;
    return dnnl_success;
}

void gdn_descriptor_destroy(gdn_descriptor *descriptor) {
    if (!descriptor) return;
#if V3
    dnnl_memory_desc_destroy(descriptor->md);
#endif
    free(descriptor);
}

static dnnl_status_t append_leaky_relu(dnnl_primitive_attr_t attr, float slope) {
    dnnl_post_ops_t operations;
    TRY(dnnl_post_ops_create(&operations));
#if V3
    dnnl_status_t status = dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_relu, slope, 0);
#else
    dnnl_status_t status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, slope, 0);
#endif
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attr, operations);
    dnnl_post_ops_destroy(operations);
    return status;
}

int gdn_attributes_create(gdn_attributes **out, float slope) {
    gdn_attributes *made = calloc(1, sizeof *made);
    if (!made) return dnnl_out_of_memory;
    dnnl_status_t status = dnnl_primitive_attr_create(&made->attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(made->attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && slope != 1) status = append_leaky_relu(made->attr, slope);
    if (status != dnnl_success) {
        gdn_attributes_destroy(made);
        return status;
    }
    *out = made;
    return dnnl_success;
}

void gdn_attributes_destroy(gdn_attributes *attributes) {
    if (!attributes) return;
    if (attributes->attr) dnnl_primitive_attr_destroy(attributes->attr);
    free(attributes);
}

// Wraps a primitive descriptor (which it takes over) into an operation without bound memory.
static int operation_create(gdn_operation **out, dnnl_primitive_desc_t pd, const int *ids) {
    gdn_operation *made = calloc(1, sizeof *made);
    if (!made) {
        dnnl_primitive_desc_destroy(pd);
        return dnnl_out_of_memory;
    }
    made->pd = pd;
    made->ids = ids;
    dnnl_status_t status = dnnl_primitive_create(&made->primitive, pd);
    if (status != dnnl_success) {
        gdn_operation_destroy(made);
        return status;
    }
    *out = made;
    return dnnl_success;
}

int gdn_matmul_create(gdn_operation **out, const gdn_descriptor *src, const gdn_descriptor *weights,
                      const gdn_descriptor *bias, const gdn_descriptor *dst, const gdn_attributes *attributes) {
    TRY(ensure_stream());
    dnnl_primitive_desc_t pd;
#if V3
    TRY(dnnl_matmul_primitive_desc_create(&pd, engine, src->md, weights->md, bias ? bias->md : NULL, dst->md,
                                          attributes->attr));
#else
    dnnl_matmul_desc_t desc;
    TRY(dnnl_matmul_desc_init(&desc, &src->md, &weights->md, bias ? &bias->md : NULL, &dst->md));
    TRY(dnnl_primitive_desc_create(&pd, &desc, attributes->attr, engine, NULL));
#endif
    return operation_create(out, pd, forward_ids);
}

#if V3
typedef const_dnnl_memory_desc_t md_reference;
#define MD(descriptor) ((descriptor)->md)
#else
typedef const dnnl_memory_desc_t *md_reference;
#define MD(descriptor) (&(descriptor)->md)
#endif

// The gradients take the forward face's descriptor as a hint.
static dnnl_status_t convolution_forward(dnnl_primitive_desc_t *pd, md_reference src, md_reference weights,
                                         md_reference dst, const int64_t *strides, const int64_t *before,
                                         const int64_t *after, dnnl_primitive_attr_t attr) {
#if V3
    return dnnl_convolution_forward_primitive_desc_create(pd, engine, dnnl_forward_training,
                                                          dnnl_convolution_direct, src, weights, NULL, dst, strides,
                                                          NULL, before, after, attr);
#else
    dnnl_convolution_desc_t desc;
    TRY(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct, src, weights, NULL,
                                           dst, strides, before, after));
    return dnnl_primitive_desc_create(pd, &desc, attr, engine, NULL);
#endif
}

static dnnl_status_t convolution_gradient(dnnl_primitive_desc_t *pd, gdn_face face, md_reference src,
                                          md_reference weights, md_reference dst, const int64_t *strides,
                                          const int64_t *before, const int64_t *after, dnnl_primitive_attr_t attr,
                                          const_dnnl_primitive_desc_t hint) {
#if V3
    if (face == GDN_INPUT_GRADIENT)
        return dnnl_convolution_backward_data_primitive_desc_create(pd, engine, dnnl_convolution_direct, src, weights,
                                                                    dst, strides, NULL, before, after, hint, attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(pd, engine, dnnl_convolution_direct, src, weights,
                                                                   NULL, dst, strides, NULL, before, after, hint,
                                                                   attr);
#else
    dnnl_convolution_desc_t desc;
    if (face == GDN_INPUT_GRADIENT)
        TRY(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, src, weights, dst, strides,
                                                     before, after));
    else
        TRY(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, src, weights, NULL, dst,
                                                        strides, before, after));
    return dnnl_primitive_desc_create(pd, &desc, attr, engine, hint);
#endif
}

int gdn_convolution_create(gdn_operation **out, gdn_face face, const gdn_descriptor *src,
                           const gdn_descriptor *weights, const gdn_descriptor *dst, const gdn_descriptor *hint_src,
                           const gdn_descriptor *hint_weights, const int64_t strides[2], const int64_t before[2],
                           const int64_t after[2], const gdn_attributes *attributes) {
    TRY(ensure_stream());
    dnnl_primitive_desc_t forward, gradient;
    TRY(convolution_forward(&forward, MD(hint_src), MD(hint_weights), MD(dst), strides, before, after,
                            attributes->attr));
    if (face == GDN_FORWARD) return operation_create(out, forward, forward_ids);
    dnnl_status_t status = convolution_gradient(&gradient, face, MD(src), MD(weights), MD(dst), strides, before, after,
                                                attributes->attr, forward);
    dnnl_primitive_desc_destroy(forward);
    if (status != dnnl_success) return status;
    return operation_create(out, gradient, face == GDN_INPUT_GRADIENT ? input_gradient_ids : filter_gradient_ids);
}

int gdn_reorder_create(gdn_operation **out, const gdn_descriptor *src, const gdn_descriptor *dst,
                       const gdn_attributes *attributes) {
    TRY(ensure_stream());
    dnnl_primitive_desc_t pd;
    TRY(dnnl_reorder_primitive_desc_create(&pd, MD(src), engine, MD(dst), engine, attributes->attr));
    return operation_create(out, pd, forward_ids);
}

const char *gdn_operation_implementation(const gdn_operation *operation) {
    const char *name = "unknown";
    dnnl_primitive_desc_query(operation->pd, dnnl_query_impl_info_str, 0, (void *)&name);
    return name;
}

static md_reference md_of(const gdn_operation *operation, gdn_argument argument) {
    return dnnl_primitive_desc_query_md(operation->pd, dnnl_query_exec_arg_md, operation->ids[argument]);
}

size_t gdn_operation_scratchpad_size(const gdn_operation *operation) {
    md_reference md = md_of(operation, GDN_SCRATCHPAD);
    return md ? dnnl_memory_desc_get_size(md) : 0;
}

int gdn_operation_descriptor(gdn_descriptor **out, const gdn_operation *operation, gdn_argument argument) {
    md_reference md = md_of(operation, argument);
    if (!md) return dnnl_invalid_arguments;
    gdn_descriptor *made = calloc(1, sizeof *made);
    if (!made) return dnnl_out_of_memory;
#if V3
    dnnl_status_t status = dnnl_memory_desc_clone(&made->md, md);
    if (status != dnnl_success) {
        free(made);
        return status;
    }
#else
    made->md = *md;
#endif
    *out = made;
    return dnnl_success;
}

bool gdn_descriptor_equal(const gdn_descriptor *a, const gdn_descriptor *b) {
    return dnnl_memory_desc_equal(MD(a), MD(b));
}

size_t gdn_descriptor_size(const gdn_descriptor *descriptor) { return dnnl_memory_desc_get_size(MD(descriptor)); }

int gdn_operation_bind(gdn_operation *operation, gdn_argument argument, void *data) {
    if (operation->memories[argument])
        return dnnl_memory_set_data_handle(operation->memories[argument], data);
    md_reference md = md_of(operation, argument);
    if (!md) return dnnl_invalid_arguments;
    TRY(dnnl_memory_create(&operation->memories[argument], md, engine, data));
    operation->exec[operation->exec_count++] =
        (dnnl_exec_arg_t){operation->ids[argument], operation->memories[argument]};
    return dnnl_success;
}

int gdn_operation_execute(gdn_operation *operation) {
    TRY(dnnl_primitive_execute(operation->primitive, stream, operation->exec_count, operation->exec));
    return dnnl_stream_wait(stream);
}

void gdn_operation_destroy(gdn_operation *operation) {
    if (!operation) return;
    for (int i = 0; i < ARGUMENTS; i++)
        if (operation->memories[i]) dnnl_memory_destroy(operation->memories[i]);
    if (operation->primitive) dnnl_primitive_destroy(operation->primitive);
    if (operation->pd) dnnl_primitive_desc_destroy(operation->pd);
    free(operation);
}
