#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#define K(name) name##_avx512
#include "Loops.h"
#pragma clang attribute pop
#endif
