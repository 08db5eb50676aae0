// Philox4x32-10 (Salmon et al., 2011) and the distributions drawn from it. Included by Loops.h once for each
// instruction set. Random numbers are bit-identical on all of them: no multiplication and addition may be contracted.

enum { PHILOX_BLOCKS = 64 };

/// The words of PHILOX_BLOCKS blocks from `first` on, in order. Words are kept in 64-bit lanes, as processors need them
/// to multiply 32 by 32 bits.
static void K(philox)(const uint32_t key[4], uint32_t stream, uint32_t first, uint32_t words[4 * PHILOX_BLOCKS]) {
    const uint64_t low = 0xffffffffu;
    for (uint32_t i = 0; i < PHILOX_BLOCKS; i++) {
        uint64_t c0 = first + i, c1 = stream, c2 = key[2], c3 = key[3], k0 = key[0], k1 = key[1];
#pragma clang loop unroll(full)
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (c0 & low) * 0xD2511F53u, p1 = (c2 & low) * 0xCD9E8D57u;
            c0 = (p1 >> 32) ^ c1 ^ k0;
            c2 = (p0 >> 32) ^ c3 ^ k1;
            c1 = p1 & low;
            c3 = p0 & low;
            k0 = (k0 + 0x9E3779B9u) & low;
            k1 = (k1 + 0xBB67AE85u) & low;
        }
        words[4 * i] = (uint32_t)c0;
        words[4 * i + 1] = (uint32_t)c1;
        words[4 * i + 2] = (uint32_t)c2;
        words[4 * i + 3] = (uint32_t)c3;
    }
}

/// Uniform on [0, 1), in steps of 2^-24.
INLINE float K(uniform)(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

/// Elements [start, start + n) of a Bernoulli stream of zeros and ones.
static void K(bernoulli)(const uint32_t key[4], uint32_t stream, float probability, float *target, size_t start,
                         size_t n) {
    _Alignas(64) uint32_t words[4 * PHILOX_BLOCKS];
    size_t skipped = start & 3;
    for (size_t first = start / 4, done = 0; done < n; first += PHILOX_BLOCKS, skipped = 0) {
        K(philox)(key, stream, (uint32_t)first, words);
        size_t count = 4 * PHILOX_BLOCKS - skipped < n - done ? 4 * PHILOX_BLOCKS - skipped : n - done;
        for (size_t i = 0; i < count; i++)
            target[done + i] = K(uniform)(words[skipped + i]) < probability ? 1.0f : 0.0f;
        done += count;
    }
}

/// sin and cos of 2 pi u for u in [0, 1), by quarter turns.
INLINE void K(sin_cos_turns)(float u, float *sine, float *cosine) {
#pragma clang fp contract(off)
    float turns = u * 4.0f;
    int32_t quarter = (int32_t)(turns + 0.5f);
    float r = (turns - (float)quarter) * 1.57079632679489662f;
    float z = r * r;
    float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
    float c = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z
              - 0.5f * z + 1.0f;
    float swapped_s = quarter & 1 ? c : s, swapped_c = quarter & 1 ? s : c;
    *sine = quarter & 2 ? -swapped_s : swapped_s;
    *cosine = (quarter + 1) & 2 ? -swapped_c : swapped_c;
}

/// The logarithm of u in (0, 1], as vector_log but never contracted.
INLINE float K(log_unit)(float u) {
#pragma clang fp contract(off)
    uint32_t shifted = float_to_bits(u) - 0x3f3504f3u;
    float e = (float)((int32_t)shifted >> 23);
    float f = bits_to_float((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    float z = f * f;
    float p = 7.0376836292e-2f * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    return f + (p * f * z + e * -2.12194440e-4f - 0.5f * z) + e * 0.693359375f;
}

/// Blocks [block_begin, block_end) of four elements each, of a tensor of `count` elements that begins at a block of the
/// stream.
static void K(random)(gk_distribution distribution, const uint32_t key[4], uint32_t stream, float parameter,
                      float *target, size_t count, size_t first_block, size_t block_begin, size_t block_end) {
#pragma clang fp contract(off)
    _Alignas(64) uint32_t words[4 * PHILOX_BLOCKS];
    _Alignas(64) float values[4 * PHILOX_BLOCKS];
    for (size_t first = block_begin; first < block_end; first += PHILOX_BLOCKS) {
        K(philox)(key, stream, (uint32_t)(first_block + first), words);
        for (int i = 0; i < 4 * PHILOX_BLOCKS; i++) values[i] = K(uniform)(words[i]);
        if (distribution == GK_SIGNED_UNIFORM)
            for (int i = 0; i < 4 * PHILOX_BLOCKS; i++) values[i] = 2.0f * values[i] - 1.0f;
        if (distribution == GK_BERNOULLI_NUMBERS)
            for (int i = 0; i < 4 * PHILOX_BLOCKS; i++) values[i] = values[i] < parameter ? 1.0f : 0.0f;
        if (distribution == GK_NORMAL)
            for (int i = 0; i < 4 * PHILOX_BLOCKS; i += 2) {
                // Box-Muller (1958); 1 - u lies in (0, 1].
                float radius = __builtin_elementwise_sqrt(-2.0f * K(log_unit)(1.0f - values[i])), s, c;
                K(sin_cos_turns)(values[i + 1], &s, &c);
                values[i] = radius * c;
                values[i + 1] = radius * s;
            }
        size_t base = first * 4, blocks = block_end - first < PHILOX_BLOCKS ? block_end - first : PHILOX_BLOCKS;
        for (size_t i = 0; i < blocks * 4 && base + i < count; i++) target[base + i] = values[i];
    }
}
