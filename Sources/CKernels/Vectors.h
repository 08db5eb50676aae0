/// Shared by the AVX-512 kernels, which process 16 floats at once.
#ifndef VECTORS_H
#define VECTORS_H

#include "Table.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq")))
#define AVX512_BF16 __attribute__((target("bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define INLINE static inline __attribute__((always_inline))
#define FULL _Pragma("clang loop unroll(full)")

/// A register holds LANES floats or pairs of bfloat16. A tile has up to TILE_VECTORS registers in a row.
enum { LANES = 16, TILE_VECTORS = 4 };

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t round_up(size_t a, size_t to) { return (a + to - 1) / to * to; }

#endif
#endif
