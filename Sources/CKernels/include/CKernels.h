// The few loops that no library provides. Each runs on the thread team, or on one thread when small,
// and is compiled for several instruction sets, one of which is chosen when the process starts.
//
// Elements are float, int32, bool stored as the float 0 or 1, or bfloat16: the upper half of a float. All arithmetic
// is in float, whatever the element type. Pointers do not alias unless stated.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// 0 is the baseline, 1 AVX2 with FMA, 2 AVX-512, 3 AVX-512 with AMX's matrix registers for bfloat16. Selects at most
/// what the processor supports and the system allows; returns the selection.
int gk_select_isa(int wanted);
/// The current selection.
int gk_selected_isa(void);
/// Whether products of bfloat16 are faster than those of floats. Without AMX they are half as fast on Intel's processors,
/// which start one VDPBF16PS in two cycles and four multiply-adds of floats.
bool gk_bfloat16_is_fast(void);
/// Gives the thread team to the calling thread. The caller ensures that only one thread has it at a time. Until it is
/// given back, denormals are flushed to zero, and oneDNN's primitives run on the thread that calls them. The team
/// starts with one thread per processor, or fewer if OMP_NUM_THREADS says so.
void gk_take_team(void);
void gk_give_team(void);
bool gk_has_team(void);
/// The most threads that a team starts with, if nothing else is said. Call before gk_take_team.
void gk_limit_threads(int most);
/// Makes a team of `wanted` threads, the caller included. Returns the actual number: fewer if OMP_THREAD_LIMIT or the
/// system allows no more.
int gk_set_threads(int wanted);
/// The number of threads of the team.
int gk_threads(void);
/// Processors that this process may use.
int gk_processors(void);
/// The number of threads that OMP_THREAD_LIMIT allows.
int gk_thread_limit(void);

/// A part of a loop: the indices [begin, end).
typedef void (*gk_part)(const void *context, size_t begin, size_t end);
/// Runs `part` over [0, count) on the team, in pieces that are multiples of `granule`. Runs on the calling thread alone
/// if `work` is small: waking a thread costs microseconds. `work` is in elements that one thread reads, computes and
/// writes in about a nanosecond each. Correct for any number of threads.
void gk_divide(gk_part part, const void *context, size_t count, size_t granule, size_t work);
/// The same in one piece for each thread, for loops over columns: narrow pieces share cache lines.
void gk_divide_evenly(gk_part part, const void *context, size_t count, size_t granule, size_t work);

/// For tests: from now on threads claim pieces in an order that follows from `seed`. 0 ends that.
void gk_shuffle_claims(uint32_t seed);

/// Element type in memory.
typedef enum { GK_FLOAT, GK_BFLOAT16, GK_INTEGER } gk_element;

/// Only multiplies and adds in registers, on the whole team. Returns the number of floating-point operations, or 0 if
/// there is no such loop for this processor. Larger `repeats` take longer.
double gk_peak(bool bfloat16, size_t repeats);

// ---- Elementwise: a small program over blocks that stay in the first-level cache ----

typedef enum {
    GK_CONSTANT, GK_COPY, GK_NEGATE, GK_ABSOLUTE, GK_SIGN, GK_EXP, GK_LOG, GK_LOG1P, GK_SQRT, GK_TANH,
    GK_SIGMOID, GK_LEAKY_RELU, GK_TRUNCATE, GK_NOT_ZERO, GK_ADD, GK_SUBTRACT, GK_MULTIPLY, GK_DIVIDE,
    GK_MAXIMUM, GK_MINIMUM, GK_GREATER, GK_GREATER_EQUAL, GK_EQUAL, GK_SIGMOID_CROSS_ENTROPY, GK_SELECT,
    GK_ROUND_BFLOAT16, GK_BERNOULLI, GK_LEAKY_RELU_GRADIENT
} gk_opcode;

/// slot[target] = opcode(slot[a], slot[b], slot[c]), element by element.
typedef struct {
    int32_t opcode, target, a, b, c;
    float immediate;  ///< the constant, the slope of a leaky ReLU, or the probability of 1
    uint32_t stream;  ///< of random numbers; the key is in gk_program
    size_t first;     ///< the index in the stream of the first element
} gk_instruction;

/// How an operand in memory broadcasts to the program's [rows, columns].
typedef enum { GK_FULL, GK_SCALAR, GK_ROW /* [columns] */, GK_COLUMN /* [rows] */ } gk_pattern;

typedef struct {
    void *data;
    int32_t slot;
    int32_t pattern;   ///< inputs only; outputs are full
    int32_t element;   ///< a gk_element
    bool staged;       ///< outputs: written after the block, because it shares memory with an input
} gk_operand;

enum { GK_BLOCK = 512, GK_SLOTS = 48 };

typedef struct {
    size_t rows, columns;
    int32_t constant_count;  ///< the first instructions, which write constants, run once
    int32_t instruction_count, input_count, output_count;
    const gk_instruction *instructions;
    const gk_operand *inputs, *outputs;
    const uint32_t *key;  ///< of random instructions, see gk_random
    bool wide;            ///< rows are so short that several fill a block; excludes GK_COLUMN
} gk_program;

void gk_elementwise(const gk_program *program);

// ---- Reductions, movement ----

typedef enum { GK_SUM, GK_MAX } gk_reduction;
/// [outer, reduced, inner] -> [outer, inner]. Sums accept GK_FLOAT and GK_BFLOAT16, maxima only GK_FLOAT.
void gk_reduce(gk_reduction kind, gk_element element, const void *source, float *target, size_t outer,
               size_t reduced, size_t inner);

enum { GK_MAX_RANK = 8 };
/// Extents, and the strides of the source (0 broadcasts) and of the target, in elements.
typedef struct {
    int rank;
    size_t dims[GK_MAX_RANK];
    ptrdiff_t from[GK_MAX_RANK], to[GK_MAX_RANK];
} gk_copy_shape;

/// target[i0 * to0 + i1 * to1 + ...] = source[i0 * from0 + i1 * from1 + ...], elements of 2 or 4 bytes.
void gk_copy_strided(const gk_copy_shape *shape, size_t element_bytes, const void *source, void *target);
/// Rounds floats to bfloat16.
void gk_round(const float *source, void *target, size_t count);
void gk_fill(gk_element element, void *target, float value, size_t count);

/// Windows at [rows, columns] output positions of images [height, width, channels].
typedef struct {
    size_t height, width, channels, window_height, window_width, stride_y, stride_x, top, left, rows, columns;
} gk_fold_shape;

/// col2im: sums columns [batch, rows, columns, window_height, window_width, channels] into image
/// [batch, height, width, channels], each value at the pixel under its tap of the window.
void gk_fold(const gk_fold_shape *shape, const float *columns, float *image, size_t batch);

// ---- Random numbers: Philox4x32-10 (Salmon et al., 2011) ----

typedef enum { GK_NORMAL, GK_UNIFORM, GK_SIGNED_UNIFORM, GK_BERNOULLI_NUMBERS } gk_distribution;
/// Element i depends only on `key` (seed low, seed high, step low, step high), `stream` and i, and is
/// bit-identical on every instruction set. `parameter` is the probability of 1 for Bernoulli. `target` gets the elements
/// from `first`, a multiple of 4, on.
void gk_random(gk_distribution distribution, const uint32_t key[4], uint32_t stream, float parameter,
               float *target, size_t first, size_t count);
/// The four words of block `block`, for tests and for shuffling.
void gk_philox(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t words[4]);

// ---- Fused ----

/// x [rows, channels] -> y, with the batch's mean and population variance, [channels] each. Values of y below zero are
/// multiplied by `slope` (1: no change). x and y are `element`s, the rest floats.
void gk_batch_norm(gk_element element, const void *x, const float *gamma, const float *beta, void *y, float *mean,
                   float *variance, size_t rows, size_t channels, float epsilon, float slope);
/// The gradient of gk_batch_norm. dy, x and dx are `element`s, the rest floats.
void gk_batch_norm_gradient(gk_element element, const void *dy, const void *x, const float *gamma, const float *beta,
                            const float *mean, const float *variance, void *dx, float *dgamma, float *dbeta,
                            size_t rows, size_t channels, float epsilon, float slope);

/// Adam as Keras defines it, in place if the pointers are equal. `copy`, if not NULL, receives the new weights as
/// bfloat16. Returns whether a new weight or second moment is NaN or infinity.
bool gk_adam(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
             float *v_out, uint16_t *copy, size_t count, float step_size, double beta1, double beta2,
             float epsilon);

bool gk_all_finite(const float *data, size_t count);

// ---- Filter gradient ----

/// A convolution of x [batch, height, width, channels] with w [window_height, window_width, channels, filters]
/// to y [batch, rows, columns, filters]; `top` and `left` are the padding before the image. Extents are positive.
typedef struct {
    size_t batch, height, width, channels, filters, window_height, window_width, stride_y, stride_x, top, left, rows,
        columns;
} gk_convolution_shape;

/// The types that gk_filter_gradient and gk_convolution support here: 0 none, 1 float, 2 float and bfloat16. Depends on
/// gk_select_isa.
int gk_own_products(void);
/// Bytes of scratch memory that gk_filter_gradient needs.
size_t gk_filter_gradient_scratch(const gk_convolution_shape *shape, bool bfloat16);
/// dw[kh, kw, c, o] = sum over n, i, j of x[n, i * stride_y + kh - top, j * stride_x + kw - left, c] * dy[n, i, j, o].
/// x and dy are both bfloat16 or both float, dw and the sums are float. Bit-identical for any number of threads.
/// Padding is not multiplied, except with 1 to 3 channels, where it is stored as zeros.
void gk_filter_gradient(const gk_convolution_shape *shape, bool bfloat16, const void *x, const void *dy, float *dw,
                        void *scratch);

// ---- Convolution ----

typedef struct {
    bool bfloat16;         ///< whether the image that is read is bfloat16
    bool result_bfloat16;  ///< only if `bfloat16`
    bool input_gradient;   ///< computes x from y, otherwise y from x
    const float *bias;     ///< one for each channel of the result, added before the leaky ReLU, or NULL
    float slope;           ///< of the leaky ReLU (1: none)
    /// Like the result, which must be float, or NULL. The result is multiplied by the slope where this is not positive,
    /// and not where the result itself is negative: the gradient of a leaky ReLU.
    const float *gate;
} gk_convolution_kind;

/// Bytes of scratch memory that gk_convolution needs. For supported types see gk_own_products.
size_t gk_convolution_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind);
/// y[n, i, j, o] = sum over kh, kw, c of x[n, i * stride_y + kh - top, j * stride_x + kw - left, c] * w[kh, kw, c, o],
/// or, as the input gradient, x[n, r, s, c] = sum of y[n, i, j, o] * w[kh, kw, c, o] over all kh, kw, i, j, o with
/// i * stride_y + kh - top = r and j * stride_x + kw - left = s. `image` is the one of x and y that is read, `result`
/// the other. w is float, and rounded if `bfloat16`; sums are float. Padding is not multiplied, except with few channels in
/// matrix registers, where it is zeros. Bit-identical for any number of threads.
void gk_convolution(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                    const float *w, void *result, void *scratch);

// ---- Matrix product ----

/// c [rows, columns] = a [rows, depth] b [depth, columns], or a product of their transposes: then a is [depth, rows], b is
/// [columns, depth]. Extents are positive.
typedef struct {
    size_t rows, columns, depth;
    bool transpose_a, transpose_b;
    bool bfloat16;         ///< whether a and b are bfloat16, otherwise float. Only with matrix registers
    bool result_bfloat16;  ///< only if `bfloat16`
    const float *bias;     ///< one for each column, added before the leaky ReLU, or NULL
    float slope;           ///< of the leaky ReLU (1: none)
} gk_matrix_product;

/// Bytes of scratch memory that gk_multiply needs, with a bias or without. See gk_own_products.
size_t gk_matrix_product_scratch(const gk_matrix_product *shape);
/// Each sum adds its products in the order of the depth, those of bfloat16 as the matrix registers do: bit-identical for
/// any number of threads.
void gk_multiply(const gk_matrix_product *shape, const void *a, const void *b, void *c, void *scratch);
