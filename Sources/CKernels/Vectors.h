/// Shared by the products, which are compiled for registers of each width from one source: convolutions, their gradients
/// and matrix products. Vectors256.h and Vectors512.h have what differs:
///   LANES          floats, or pairs of bfloat16, in a register
///   TILE_VECTORS   the most registers in a row of a tile
///   TILE_SIZES(X)  X(places, vectors) for every size of a convolution's tile
///   most_places    the most places of a tile, by its number of vectors
///   SIX_ROW_TILES(X)  the same for tiles of one to six rows and any number of vectors
///   PAIRS          defined where products of bfloat16 are instructions
#ifndef VECTORS_H
#define VECTORS_H

#include "Products.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define FULL _Pragma("clang loop unroll(full)")

#define ROW_1(X, M) X(M, 1)
#define ROW_2(X, M) ROW_1(X, M) X(M, 2)
#define ROW_3(X, M) ROW_2(X, M) X(M, 3)
#define ROW_4(X, M) ROW_3(X, M) X(M, 4)
#define ROWS_1_TO_6(ROW, X) ROW(X, 1) ROW(X, 2) ROW(X, 3) ROW(X, 4) ROW(X, 5) ROW(X, 6)

enum {
    TILE_PLACES = 12,
    LINE = 16  ///< floats in a line of the caches
};

/// Which half of a pair of successive bfloat16 is real; the other half counts as 0.
typedef enum { WHOLE, HEAD, TAIL } part;

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t round_up(size_t a, size_t to) { return (a + to - 1) / to * to; }

#endif
#endif
