// The few loops no library has. Each runs on the team of threads, or on one thread when small,
// and is compiled for several instruction sets, of which one is chosen when the process starts.
//
// Elements are float, int32, bool kept as the float 0 or 1, or bfloat16: the upper half of a float. Whatever lies
// in memory, all arithmetic is in floats. No pointers alias unless said.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// 0 is the baseline, 1 AVX2 with FMA, 2 AVX-512. Takes at most what the CPU has; returns what it took.
int gk_select_isa(int wanted);
/// What was taken last.
int gk_selected_isa(void);
/// Gives the team of threads to the calling thread, one at a time: the caller sees to it. Until it is given back,
/// denormals are flushed to zero, and oneDNN's primitives run on the thread that calls them. The team starts with
/// a thread for each processor, or with fewer where OMP_NUM_THREADS says so.
void gk_take_team(void);
void gk_give_team(void);
bool gk_has_team(void);
/// Makes a team of `wanted` threads, the caller included. Returns how many there are: fewer where OMP_THREAD_LIMIT or
/// the system allows no more.
int gk_set_threads(int wanted);
/// The threads of the team.
int gk_threads(void);
/// Processors that this process may use.
int gk_processors(void);
/// The threads that OMP_THREAD_LIMIT allows.
int gk_thread_limit(void);

/// A part of a loop: the indices [begin, end).
typedef void (*gk_part)(const void *context, size_t begin, size_t end);
/// Runs `part` over [0, count) on the team, in parts that are multiples of `granule`; on the calling thread alone if
/// `work` elements are few, because waking a thread costs microseconds. Right for any number of threads.
void gk_divide(gk_part part, const void *context, size_t count, size_t granule, size_t work);

/// How a number lies in memory.
typedef enum { GK_FLOAT, GK_BFLOAT16, GK_INTEGER } gk_element;

/// Does nothing but multiply and add in registers, on the whole team, and says how many floating-point operations that
/// were: 0 where there is no such loop for this processor. Larger `repeats` take longer.
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
    uint32_t stream;  ///< of random numbers, whose key is the program's
} gk_instruction;

/// How an operand of a [rows, columns] program lies in memory.
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
    bool wide;            ///< rows so short that several make a block; no GK_COLUMN then
} gk_program;

void gk_elementwise(const gk_program *program);

// ---- Reductions, movement ----

typedef enum { GK_SUM, GK_MAX } gk_reduction;
/// [outer, reduced, inner] -> [outer, inner]. Sums read either kind of floats, maxima only GK_FLOAT.
void gk_reduce(gk_reduction kind, gk_element element, const void *source, float *target, size_t outer,
               size_t reduced, size_t inner);

enum { GK_MAX_RANK = 8 };
/// Extents, and elements from one index to the next in the source (0 broadcasts) and in the target.
typedef struct {
    int rank;
    size_t dims[GK_MAX_RANK];
    ptrdiff_t from[GK_MAX_RANK], to[GK_MAX_RANK];
} gk_copy_shape;

/// target[i0 * to0 + i1 * to1 + ...] = source[i0 * from0 + i1 * from1 + ...], elements of 2 or 4 bytes.
void gk_copy_strided(const gk_copy_shape *shape, size_t element_bytes, const void *source, void *target);
/// Floats to bfloat16.
void gk_round(const float *source, void *target, size_t count);
void gk_fill(gk_element element, void *target, float value, size_t count);

/// Windows at [rows, columns] places of images [height, width, channels].
typedef struct {
    size_t height, width, channels, window_height, window_width, stride_y, stride_x, top, left, rows, columns;
} gk_fold_shape;

/// columns [batch, rows, columns, window_height, window_width, channels] summed into image
/// [batch, height, width, channels], each number at the pixel that its window saw.
void gk_fold(const gk_fold_shape *shape, const float *columns, float *image, size_t batch);

// ---- Random numbers: Philox4x32-10 (Salmon et al., 2011) ----

typedef enum { GK_NORMAL, GK_UNIFORM, GK_SIGNED_UNIFORM, GK_BERNOULLI_NUMBERS } gk_distribution;
/// Element i is a function of `key` (seed low, seed high, step low, step high), `stream` and i alone, and
/// has the same bits on every instruction set. `parameter` is the probability of 1 for Bernoulli.
void gk_random(gk_distribution distribution, const uint32_t key[4], uint32_t stream, float parameter,
               float *target, size_t count);
/// The four words of block `block`, for tests and for shuffling.
void gk_philox(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t words[4]);

// ---- Fused ----

/// x [rows, channels] -> y, with the batch's mean and population variance, [channels] each. Numbers of y below zero
/// are multiplied by `slope`: 1 leaves them. x and y are `element`s, the rest floats.
void gk_batch_norm(gk_element element, const void *x, const float *gamma, const float *beta, void *y, float *mean,
                   float *variance, size_t rows, size_t channels, float epsilon, float slope);
/// dy, x and dx are `element`s.
void gk_batch_norm_gradient(gk_element element, const void *dy, const void *x, const float *gamma, const float *beta,
                            const float *mean, const float *variance, void *dx, float *dgamma, float *dbeta,
                            size_t rows, size_t channels, float epsilon, float slope);

/// Adam as Keras defines it, in place when the pointers are equal. `copy`, where it is not NULL, gets the new weights
/// as bfloat16. Returns whether a new weight or second moment is not finite.
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

/// What of gk_filter_gradient and gk_convolution runs here: 0 nothing, 1 float, 2 bfloat16 too. Changes with gk_select_isa.
int gk_own_products(void);
/// Bytes that gk_filter_gradient needs as scratch.
size_t gk_filter_gradient_scratch(const gk_convolution_shape *shape, bool bfloat16);
/// dw[kh, kw, c, o] = sum over n, i, j of x[n, i * stride_y + kh - top, j * stride_x + kw - left, c] * dy[n, i, j, o].
/// x and dy are both bfloat16 or both float, dw and the sums are float. Has the same bits for any number of threads.
/// Padding takes no part, except with 1 to 3 channels, where it is zeros that are multiplied.
void gk_filter_gradient(const gk_convolution_shape *shape, bool bfloat16, const void *x, const void *dy, float *dw,
                        void *scratch);

// ---- Convolution ----

typedef struct {
    bool bfloat16;         ///< what is convolved
    bool result_bfloat16;  ///< only if `bfloat16`
    bool input_gradient;   ///< x from y, otherwise y from x
    const float *bias;     ///< one for each channel of the result, added before the leaky ReLU, or NULL
    float slope;           ///< of the leaky ReLU: 1 leaves the result as it is
} gk_convolution_kind;

/// Bytes that gk_convolution needs as scratch. It runs what gk_own_products tells.
size_t gk_convolution_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind);
/// y[n, i, j, o] = sum over kh, kw, c of x[n, i * stride_y + kh - top, j * stride_x + kw - left, c] * w[kh, kw, c, o],
/// or, as the input gradient, x[n, r, s, c] = sum of y[n, i, j, o] * w[kh, kw, c, o] over all kh, kw, i, j, o with
/// i * stride_y + kh - top = r and j * stride_x + kw - left = s. `image` is the one of x and y that is read, `result`
/// the other. w is float, and rounded if `bfloat16`; sums are float. Padding takes no part. Has the same bits for any
/// number of threads.
void gk_convolution(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                    const float *w, void *result, void *scratch);
