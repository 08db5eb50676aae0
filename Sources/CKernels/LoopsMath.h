// Elementary functions that the compiler can vectorize, within about 2 ulp of the exact value.
// Coefficients: Cephes single precision (S. Moshier). Infinity and NaN give the same results as in the C library.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE uint32_t float_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

INLINE float from_bfloat16(uint16_t value) { return bits_to_float((uint32_t)value << 16); }

/// To nearest, ties to even; NaN stays NaN.
INLINE uint16_t to_bfloat16(float value) {
    uint32_t bits = float_to_bits(value);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (uint16_t)(value != value ? 0x7fc0u : rounded);
}

INLINE int is_not_finite(float value) { return (float_to_bits(value) & 0x7f800000u) == 0x7f800000u; }

/// Rounds to nearest even for |x| < 2^22, without a library call.
INLINE float round_small(float x) { return (x + 12582912.0f) - 12582912.0f; }

INLINE float vector_exp(float x) {
    float bounded = x > 89.0f ? 89.0f : x;
    bounded = bounded < -104.0f ? -104.0f : bounded;
    bounded = bounded == bounded ? bounded : 0.0f;
    float n = round_small(bounded * 1.44269504088896341f);
    float r = bounded - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    // 2^n in two factors, because n reaches 128.
    int32_t whole = (int32_t)n, half = whole >> 1;
    float scaled = p * bits_to_float((uint32_t)(half + 127) << 23);
    scaled = scaled * bits_to_float((uint32_t)(whole - half + 127) << 23);
    scaled = x > 88.7228390f ? INFINITY : scaled;
    return x == x ? scaled : x;
}

INLINE float vector_log(float x) {
    uint32_t bits = float_to_bits(x);
    // The mantissa in [sqrt(1/2), sqrt(2)), so that the result is exact near 1.
    uint32_t shifted = bits - 0x3f3504f3u;
    float e = (float)((int32_t)shifted >> 23);
    float f = bits_to_float((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float z = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    float y = p * f * z + e * -2.12194440e-4f - 0.5f * z;
    float result = f + y + e * 0.693359375f;
    result = x < 1.17549435e-38f ? -INFINITY : result;
    result = x < 0.0f ? NAN : result;
    result = x > 3.40282347e+38f ? x : result;
    return x == x ? result : x;
}

INLINE float vector_log1p(float x) {
    float u = 1.0f + x;
    float correction = ((u - 1.0f) - x) / u;
    float value = vector_log(u);
    return (u == 0.0f || is_not_finite(u)) ? value : value - correction;
}

INLINE float vector_tanh(float x) {
    float magnitude = fabsf(x);
    float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    float small = p * z * x + x;
    float large = 1.0f - 2.0f / (vector_exp(2.0f * magnitude) + 1.0f);
    large = x < 0.0f ? -large : large;
    return magnitude < 0.625f ? small : large;
}

INLINE float vector_sigmoid(float x) {
    // exp of a non-positive number only, so that both tails keep their relative precision.
    float e = vector_exp(-fabsf(x));
    float value = 1.0f / (1.0f + e);
    return x < 0.0f ? e * value : value;
}

/// max(x, 0) - x t + log(1 + exp(-|x|)): binary cross-entropy of the logit x, without overflow.
INLINE float vector_sigmoid_cross_entropy(float x, float t) {
    float positive = x > 0.0f || x != x ? x : 0.0f;
    return positive - x * t + vector_log1p(vector_exp(-fabsf(x)));
}
