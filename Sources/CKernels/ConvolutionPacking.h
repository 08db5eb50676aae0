// Packs a convolution's weights in the order in which its tiles read them.

/// Weights of LANES outputs, for one element of the packed row of the window.
TARGET INLINE floats weights(const convolution_plan *p, size_t ky, size_t element, size_t output) {
    size_t in_row = p->x.taps * p->channels;
    if (element >= in_row) return zeros();
    const float *row = p->w + (ky * in_row + element) * p->outputs + output;
    if (!p->gradient && p->outputs - output >= LANES) return load(row);
    mask real = first_lanes(p->outputs - output);
    if (!p->gradient) return load_lanes(real, row);
    size_t tap = ky * p->x.taps + tap_at(&p->x, element / p->channels);
    return gather(real, p->w + (tap * p->outputs + output) * p->channels + element % p->channels, p->channels);
}

/// The same for an element that is a pair.
TARGET INLINE floats paired_weights(const convolution_plan *p, size_t ky, size_t element, size_t output) {
#ifdef PAIRS
    return pair_lanes(weights(p, ky, element * 2, output), weights(p, ky, element * 2 + 1, output));
#else
    return zeros();
#endif
}

/// LANES successive elements of the weights of an output.
TARGET INLINE floats element_weights(const convolution_plan *p, const float *w, size_t count) {
#ifdef PAIRS
    if (p->bfloat16) {
        size_t numbers = 2 * count;
        return pair_neighbours(load_lanes(first_lanes(numbers), w),
                               load_lanes(first_lanes(numbers - least(numbers, LANES)), w + LANES));
    }
#endif
    return load_lanes(first_lanes(count), w);
}

/// Gives the same as `weights` for the input gradient, but faster. No pair may span two taps.
TARGET static void pack_transposed(const convolution_plan *p, size_t ky, size_t output, uint32_t *target,
                                   size_t pitch) {
    size_t per_element = p->bfloat16 ? 2 : 1, elements = p->channels / per_element;
    for (size_t position = 0; position < p->x.taps; position++) {
        size_t tap = ky * p->x.taps + tap_at(&p->x, position);
        for (size_t e = 0; e < elements; e += LANES) {
            size_t count = least(elements - e, LANES);
            floats rows[LANES];
            FULL for (size_t lane = 0; lane < LANES; lane++) {
                rows[lane] = zeros();
                if (output + lane >= p->outputs) continue;
                const float *w = p->w + (tap * p->outputs + output + lane) * p->channels;
                rows[lane] = element_weights(p, w + e * per_element, count);
            }
            transpose(rows);
            FULL for (size_t i = 0; i < LANES; i++)
                if (i < count) store(target + (position * elements + e + i) * pitch, rows[i]);
        }
    }
}

/// Blocks that are packed at once, so that more of a row of the weights is read than one block's share.
enum { PACKED_AT_ONCE = 8 };

/// Packs the weights of blocks [begin, end), at most PACKED_AT_ONCE, at a position of the window's rows.
TARGET static void pack_blocks(const convolution_plan *p, size_t begin, size_t end, size_t position) {
    size_t ky = tap_at(&p->y, position), first[PACKED_AT_ONCE + 1];
    uint32_t *target[PACKED_AT_ONCE];
    for (size_t block = begin; block <= end; block++) first[block - begin] = first_vector(p, block);
    for (size_t i = 0; i < end - begin; i++)
        target[i] = p->packed + (first[i] * p->y.taps + position * (first[i + 1] - first[i])) * p->row * LANES;
    for (size_t element = 0; element < p->row; element++)
        for (size_t i = 0; i < end - begin; i++)
            for (size_t vector = first[i]; vector < first[i + 1]; vector++, target[i] += LANES)
                store(target[i], p->bfloat16 ? paired_weights(p, ky, element, vector * LANES)
                                             : weights(p, ky, element, vector * LANES));
}

/// Packs units [begin, end) of the weights into [block][position][element][output]. A unit is a position and a block.
/// `context` is the plan.
TARGET static void pack_weights(const void *context, size_t begin, size_t end) {
    const convolution_plan *p = context;
    bool transposed = p->gradient && (!p->bfloat16 || p->channels % 2 == 0);
    for (size_t unit = begin, next; unit < end; unit = next) {
        size_t position = unit / p->blocks, block = unit % p->blocks;
        next = least(least(end, unit + PACKED_AT_ONCE), (position + 1) * p->blocks);
        if (!transposed) {
            pack_blocks(p, block, block + next - unit, position);
            continue;
        }
        next = unit + 1;
        size_t first = first_vector(p, block), vectors = first_vector(p, block + 1) - first;
        uint32_t *target = p->packed + (first * p->y.taps + position * vectors) * p->row * LANES;
        for (size_t v = 0; v < vectors; v++)
            pack_transposed(p, tap_at(&p->y, position), (first + v) * LANES, target + v * LANES, vectors * LANES);
    }
}
