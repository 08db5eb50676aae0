// A shim over oneDNN that hides the differences between 2.6-2.7 and 3.x behind opaque handles.
//
// Every function that can fail returns oneDNN's status (0 is success); `gdn_status_name` names it.
// Operations are created on one thread. Any thread may execute them, but the caller ensures that only one executes an
// operation at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { GDN_SRC = 0, GDN_WEIGHTS = 1, GDN_DST = 2, GDN_SCRATCHPAD = 3, GDN_BIAS = 4 } gdn_argument;
/// Instruction sets in ascending order, as far as the engine's own kernels distinguish them.
typedef enum { GDN_ISA_BASELINE = 0, GDN_ISA_AVX2 = 1, GDN_ISA_AVX512 = 2, GDN_ISA_AMX = 3 } gdn_isa;

typedef struct gdn_descriptor gdn_descriptor;  ///< a memory descriptor
typedef struct gdn_attributes gdn_attributes;  ///< scratchpad mode and post-operation
typedef struct gdn_operation gdn_operation;    ///< a primitive and the memories of its arguments

const char *gdn_status_name(int status);
/// Version of the loaded library, such as "2.6.3".
const char *gdn_version(void);
/// The instruction set that oneDNN uses here. `ONEDNN_MAX_CPU_ISA` can lower it.
gdn_isa gdn_effective_isa(void);
/// The name of the effective instruction set, as oneDNN spells it in its verbose output.
const char *gdn_effective_isa_name(void);
/// Whether oneDNN multiplies bfloat16 in hardware here.
bool gdn_has_bfloat16(void);

typedef enum { GDN_FLOAT = 0, GDN_BFLOAT16 = 1 } gdn_element;
/// `strides` are in elements; NULL lets the primitive choose the layout.
int gdn_descriptor_create(gdn_descriptor **out, gdn_element element, int rank, const int64_t *dims,
                          const int64_t *strides);
/// The layout that an operation chose for an argument.
int gdn_operation_descriptor(gdn_descriptor **out, const gdn_operation *operation, gdn_argument argument);
bool gdn_descriptor_equal(const gdn_descriptor *a, const gdn_descriptor *b);
/// Bytes in memory.
size_t gdn_descriptor_size(const gdn_descriptor *descriptor);
void gdn_descriptor_destroy(gdn_descriptor *descriptor);

/// Attributes with a user-provided scratchpad, and a leaky ReLU after the operation (slope 1: none).
int gdn_attributes_create(gdn_attributes **out, float slope);
void gdn_attributes_destroy(gdn_attributes *attributes);

/// dst = src x weights, plus bias [1, n] unless that is NULL.
int gdn_matmul_create(gdn_operation **out, const gdn_descriptor *src, const gdn_descriptor *weights,
                      const gdn_descriptor *bias, const gdn_descriptor *dst, const gdn_attributes *attributes);

/// The three directions of a convolution. The arguments are always src (the image), weights and dst (the output of the
/// forward direction), whichever of them is computed. Paddings are rows and columns, before and after the image.
/// `hint_src` and `hint_weights` are those of the forward direction, which differ if a gradient has another type.
typedef enum { GDN_FORWARD = 0, GDN_INPUT_GRADIENT = 1, GDN_FILTER_GRADIENT = 2 } gdn_direction;
int gdn_convolution_create(gdn_operation **out, gdn_direction direction, const gdn_descriptor *src,
                           const gdn_descriptor *weights, const gdn_descriptor *dst, const gdn_descriptor *hint_src,
                           const gdn_descriptor *hint_weights, const int64_t strides[2], const int64_t before[2],
                           const int64_t after[2], const gdn_attributes *attributes);
/// dst = src in another layout.
int gdn_reorder_create(gdn_operation **out, const gdn_descriptor *src, const gdn_descriptor *dst,
                       const gdn_attributes *attributes);

const char *gdn_operation_implementation(const gdn_operation *operation);
size_t gdn_operation_scratchpad_size(const gdn_operation *operation);
/// Points an argument at `data`, which must stay valid while the operation is executed.
int gdn_operation_bind(gdn_operation *operation, gdn_argument argument, void *data);
/// Runs operations [begin, end) of an array of pointers on the calling thread, one after the other.
void gdn_operations_execute(const void *operations, size_t begin, size_t end);
/// The status of the last execution.
int gdn_operation_status(const gdn_operation *operation);
void gdn_operation_destroy(gdn_operation *operation);
