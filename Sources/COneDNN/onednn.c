// The process's engine and its capabilities, and the lifetimes of the handles.
#include "Shim.h"

#include <stdio.h>
#include <stdlib.h>

dnnl_engine_t gdn_engine;
// One for each thread that executes operations: threads must not share a stream.
static _Thread_local dnnl_stream_t stream;

dnnl_status_t gdn_ensure_engine(void) {
    return gdn_engine ? dnnl_success : dnnl_engine_create(&gdn_engine, dnnl_cpu, 0);
}

static dnnl_status_t ensure_stream(void) {
    return stream ? dnnl_success : dnnl_stream_create(&stream, gdn_engine, dnnl_stream_in_order);
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
    // Instruction sets are bit masks; a newer one contains the older.
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    unsigned avx512 = (unsigned)dnnl_cpu_isa_avx512_core, avx2 = (unsigned)dnnl_cpu_isa_avx2;
    unsigned amx = (unsigned)dnnl_cpu_isa_avx512_core_amx;
    if ((isa & amx) == amx) return GDN_ISA_AMX;
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
    case dnnl_cpu_isa_avx512_core_amx: return "avx512_core_amx";
    default: return gdn_effective_isa() >= GDN_ISA_AVX512 ? "avx512_core or newer" : "other";
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

int gdn_operation_create(gdn_operation **out, dnnl_primitive_desc_t pd, const int *ids) {
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
    TRY(dnnl_memory_create(&operation->memories[argument], md, gdn_engine, data));
    operation->exec[operation->exec_count++] =
        (dnnl_exec_arg_t){operation->ids[argument], operation->memories[argument]};
    return dnnl_success;
}

static dnnl_status_t execute(gdn_operation *operation) {
    TRY(ensure_stream());
    TRY(dnnl_primitive_execute(operation->primitive, stream, operation->exec_count, operation->exec));
    return dnnl_stream_wait(stream);
}

void gdn_operations_execute(const void *operations, size_t begin, size_t end) {
    gdn_operation *const *all = operations;
    for (size_t i = begin; i < end; i++) all[i]->status = execute(all[i]);
}

int gdn_operation_status(const gdn_operation *operation) { return operation->status; }

void gdn_operation_destroy(gdn_operation *operation) {
    if (!operation) return;
    for (int i = 0; i < ARGUMENTS; i++)
        if (operation->memories[i]) dnnl_memory_destroy(operation->memories[i]);
    if (operation->primitive) dnnl_primitive_destroy(operation->primitive);
    if (operation->pd) dnnl_primitive_desc_destroy(operation->pd);
    free(operation);
}
