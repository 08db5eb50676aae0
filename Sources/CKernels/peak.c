// Peak rate of the processor's multiply-adds: independent sums in registers, and nothing else.
#include "Table.h"

#if defined(__x86_64__)
#include "AMX.h"

enum { ROUNDS = 4096 };

// Values that the compiler does not know, and that stay finite.
static volatile float start = 1.0f;
static volatile float sink;

// The instruction is in assembly, because a compiler may compute the same sum with others.
#define LOOP(NAME, TARGET, VECTOR, SUMS, SPREAD, INSTRUCTION, FIRST)                                 \
    __attribute__((target(TARGET))) static void NAME(const void *unused, size_t begin, size_t end) { \
        (void)unused;                                                                                \
        VECTOR sum[SUMS], factor = SPREAD(start);                                                    \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) sum[i] = factor;           \
        for (size_t repeat = begin; repeat < end; repeat++)                                          \
            for (int round = 0; round < ROUNDS; round++)                                             \
                _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++)                    \
                    __asm__(INSTRUCTION " %1, %1, %0" : "+v"(sum[i]) : "v"(factor));                 \
        float total = 0;                                                                             \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) total += FIRST(sum[i]);    \
        sink = total;                                                                                \
    }

LOOP(floats_512, "avx512f,avx512vl", __m512, 24, _mm512_set1_ps, "vfmadd231ps", _mm512_cvtss_f32)
LOOP(pairs_512, "avx512f,avx512vl,avx512bf16", __m512, 24, _mm512_set1_ps, "vdpbf16ps", _mm512_cvtss_f32)
LOOP(floats_256, "avx2,fma", __m256, 12, _mm256_set1_ps, "vfmadd231ps", _mm256_cvtss_f32)

TARGET_AMX static void matrices(const void *zeros, size_t begin, size_t end) {
    configure_amx(SIDE, SIDE);
    load_amx(zeros, ROW_BYTES, false, false);
    multiply_amx(zeros, ROW_BYTES, zeros, ROW_BYTES, true, true);
    for (size_t repeat = begin; repeat < end; repeat++)
        for (int round = 0; round < ROUNDS; round++) {
            _tile_dpbf16ps(SUM, LEFT, RIGHT);
            _tile_dpbf16ps(SUM + 1, LEFT, RIGHT + 1);
            _tile_dpbf16ps(SUM + 2, LEFT + 1, RIGHT);
            _tile_dpbf16ps(SUM + 3, LEFT + 1, RIGHT + 1);
        }
    release_amx();
}

double gk_peak(bool bfloat16, size_t repeats) {
    static const char zeros[4 * TILE_ROWS * ROW_BYTES];
    int isa = gk_selected_isa();
    if (bfloat16 && gk_own_products() < 2) return 0;
    if (isa == 0) return 0;
    if (bfloat16 && isa == 3) {
        gk_divide(matrices, zeros, repeats, 1, SIZE_MAX);
        return (double)repeats * ROUNDS * 4 * TILE_ROWS * TILE_PAIRS * LANES * 4;
    }
    gk_divide(bfloat16 ? pairs_512 : isa >= 2 ? floats_512 : floats_256, 0, repeats, 1, SIZE_MAX);
    double sums = isa >= 2 ? 24 * 16 : 12 * 8;
    return (double)repeats * ROUNDS * sums * (bfloat16 ? 4 : 2);
}

#else

double gk_peak(bool bfloat16, size_t repeats) { return 0; }

#endif
