// The few loops no library has. Each runs on the OpenMP team that oneDNN uses, or alone when small,
// and is compiled for several instruction sets, of which one is chosen when the process starts.
//
// Elements are 4 bytes: float, int32, or bool kept as the float 0 or 1. No pointers alias unless said.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// 0 is the baseline, 1 AVX2 with FMA, 2 AVX-512. Takes at most what the CPU has; returns what it took.
int gk_select_isa(int wanted);
/// What was taken last.
int gk_selected_isa(void);
/// The OpenMP team that kernels and oneDNN run on, for the calling thread. Flushes denormals to zero.
void gk_set_threads(int threads);
int gk_threads(void);
/// Processors that this process may use.
int gk_processors(void);

// ---- Elementwise: a small program over blocks that stay in the first-level cache ----

typedef enum {
    GK_CONSTANT, GK_COPY, GK_NEGATE, GK_ABSOLUTE, GK_SIGN, GK_EXP, GK_LOG, GK_LOG1P, GK_SQRT, GK_TANH,
    GK_SIGMOID, GK_LEAKY_RELU, GK_TRUNCATE, GK_NOT_ZERO, GK_ADD, GK_SUBTRACT, GK_MULTIPLY, GK_DIVIDE,
    GK_MAXIMUM, GK_MINIMUM, GK_GREATER, GK_GREATER_EQUAL, GK_EQUAL, GK_SIGMOID_CROSS_ENTROPY, GK_SELECT
} gk_opcode;

/// slot[target] = opcode(slot[a], slot[b], slot[c]), element by element.
typedef struct {
    int32_t opcode, target, a, b, c;
    float immediate;  ///< the constant, or the slope of the leaky ReLU
} gk_instruction;

/// How an operand of a [rows, columns] program lies in memory.
typedef enum { GK_FULL, GK_SCALAR, GK_ROW /* [columns] */, GK_COLUMN /* [rows] */ } gk_pattern;

typedef struct {
    void *data;
    int32_t slot;
    int32_t pattern;   ///< inputs only; outputs are full
    bool integer;      ///< int32 in memory
    bool staged;       ///< outputs: written after the block, because it shares memory with an input
} gk_operand;

enum { GK_BLOCK = 512, GK_SLOTS = 48 };

typedef struct {
    size_t rows, columns;
    int32_t constant_count;  ///< the first instructions, which write constants, run once
    int32_t instruction_count, input_count, output_count;
    const gk_instruction *instructions;
    const gk_operand *inputs, *outputs;
} gk_program;

void gk_elementwise(const gk_program *program);

// ---- Reductions, movement ----

typedef enum { GK_SUM, GK_MAX } gk_reduction;
/// [outer, reduced, inner] -> [outer, inner].
void gk_reduce(gk_reduction kind, const float *source, float *target, size_t outer, size_t reduced,
               size_t inner);

enum { GK_MAX_RANK = 8 };
/// Extents, and elements from one index to the next in the source (0 broadcasts) and in the target.
typedef struct {
    int rank;
    size_t dims[GK_MAX_RANK], from[GK_MAX_RANK], to[GK_MAX_RANK];
} gk_copy_shape;

/// target[i0 * to0 + i1 * to1 + ...] = source[i0 * from0 + i1 * from1 + ...].
void gk_copy_strided(const gk_copy_shape *shape, const uint32_t *source, uint32_t *target);
void gk_fill(float *target, float value, size_t count);

/// Windows at [rows, columns] places of images [height, width, channels].
typedef struct {
    size_t height, width, channels, window_height, window_width, stride_y, stride_x, top, left, rows, columns;
} gk_fold_shape;

/// columns [batch, rows, columns, window_height, window_width, channels] summed into image
/// [batch, height, width, channels], each number at the pixel that its window saw.
void gk_fold(const gk_fold_shape *shape, const float *columns, float *image, size_t batch);

// ---- Random numbers: Philox4x32-10 (Salmon et al., 2011) ----

typedef enum { GK_NORMAL, GK_UNIFORM, GK_SIGNED_UNIFORM, GK_BERNOULLI } gk_distribution;
/// Element i is a function of `key` (seed low, seed high, step low, step high), `stream` and i alone, and
/// has the same bits on every instruction set. `parameter` is the probability of 1 for Bernoulli.
void gk_random(gk_distribution distribution, const uint32_t key[4], uint32_t stream, float parameter,
               float *target, size_t count);
/// The four words of block `block`, for tests and for shuffling.
void gk_philox(const uint32_t key[4], uint32_t stream, uint32_t block, uint32_t words[4]);

// ---- Fused ----

/// x [rows, channels] -> y, with the batch's mean and population variance, [channels] each.
void gk_batch_norm(const float *x, const float *gamma, const float *beta, float *y, float *mean,
                   float *variance, size_t rows, size_t channels, float epsilon);
void gk_batch_norm_gradient(const float *dy, const float *x, const float *gamma, const float *mean,
                            const float *variance, float *dx, float *dgamma, float *dbeta, size_t rows,
                            size_t channels, float epsilon);

/// Adam as Keras defines it, in place when the pointers are equal. Returns whether a new weight or second moment is not finite.
bool gk_adam(const float *w, const float *g, const float *m, const float *v, float *w_out, float *m_out,
             float *v_out, size_t count, float step_size, double beta1, double beta2, float epsilon);

bool gk_all_finite(const float *data, size_t count);
