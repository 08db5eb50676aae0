// Packs x and dy for a filter gradient, so that its tiles read memory in order.

enum { TILE_CHANNELS = 6 };

/// x or dy, and its packed form: rows of [columns of zeros, the image's columns, columns of zeros], or blocks of channels
/// [block][image or pair][row][column][`wide` or fewer]; those of dy have zeros after the last filter.
typedef struct {
    const void *source;
    uint32_t *target;
    bool bfloat16, direct;  ///< direct: need not be packed
    size_t batch, images, rows, columns, channels;
    size_t left, all_columns;
    size_t blocks, wide, padded;  ///< 0 blocks: the channels are not divided
} packing;

/// Size in elements, rounded up so that the memory after it is aligned; 0 if not packed.
static size_t packed_size(const packing *p) {
    size_t size = p->images * p->rows * (p->blocks ? p->columns * p->padded : p->all_columns * p->channels);
    return p->direct ? 0 : round_up(size, LANES);
}

/// Packs `count` elements: the first `real` from `source` and, if paired, from `image` bytes after it; the rest are 0.
TARGET INLINE void pack(uint32_t *target, const char *source, size_t image, bool bfloat16, bool paired, size_t real,
                        size_t count) {
    size_t c = 0;
    // Without masks, which are slow in stores of AVX2.
    if (!bfloat16 && count == TILE_CHANNELS && real == count) {
        memcpy(target, source, TILE_CHANNELS * sizeof(float));
        return;
    }
    if (!bfloat16)
        for (; c + LANES <= least(count, real); c += LANES) store(target + c, load(source + c * 4));
    for (; c < count; c += LANES) {
        mask read = first_lanes(c < real ? real - c : 0);
        floats value;
#ifdef PAIRS
        if (bfloat16) value = load_two(read, source + c * 2, paired ? read : first_lanes(0), source + image + c * 2);
        else
#endif
            value = load_lanes(read, source + c * 4);
        store_lanes(target + c, first_lanes(count - c), value);
    }
}

TARGET INLINE void pack_rows(const packing *p, const bool bfloat16, size_t begin, size_t end) {
    size_t size = bfloat16 ? 2 : 4, image = p->rows * p->columns * p->channels * size;
    for (size_t row = begin; row < end; row++) {
        size_t n = row / p->rows * (bfloat16 ? 2 : 1), y = row % p->rows;
        const char *source = (const char *)p->source + n * image + y * p->columns * p->channels * size;
        bool paired = n + 1 < p->batch;
        if (p->blocks == 0) {
            size_t all = p->all_columns * p->channels, left = least(p->left * p->channels, all);
            uint32_t *target = p->target + row * all;
            pack(target, source, image, bfloat16, paired, 0, left);
            size_t real = least(p->columns * p->channels, all - left);
            pack(target + left, source, image, bfloat16, paired, real, all - left);
        }
        for (size_t b = 0; b < p->blocks; b++) {
            size_t first = b * p->wide, count = least(p->padded - first, p->wide);
            const char *from = source + first * size;
            uint32_t *target = p->target + (first * p->images * p->rows + row * count) * p->columns;
            for (size_t column = 0; column < p->columns; column++, target += count, from += p->channels * size)
                pack(target, from, image, bfloat16, paired, least(count, p->channels - first), count);
        }
    }
}

TARGET static void pack_part(const void *context, size_t begin, size_t end) {
    const packing *p = context;
    if (p->bfloat16) pack_rows(p, true, begin, end);
    else pack_rows(p, false, begin, end);
}
