#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define K(name) name##_avx2
#include "Loops.h"
#pragma clang attribute pop
#endif
