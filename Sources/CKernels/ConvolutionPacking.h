// Packs a convolution's weights in the order in which its tiles read them.

/// Weights of LANES outputs, for one element of the packed row of the window.
TARGET INLINE floats weights(const convolution_plan *p, size_t ky, size_t element, size_t output) {
    size_t in_row = p->x.taps * p->channels;
    if (element >= in_row) return zeros();
    mask real = first_lanes(p->outputs - output);
    if (!p->gradient) return load_lanes(real, p->w + (ky * in_row + element) * p->outputs + output);
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

/// Packs units [begin, end) of the weights into [block][position][element][output]. A unit is a block and a position.
/// `context` is the plan.
TARGET static void pack_weights(const void *context, size_t begin, size_t end) {
    const convolution_plan *p = context;
    bool transposed = p->gradient && (!p->bfloat16 || p->channels % 2 == 0);
    for (size_t unit = begin; unit < end; unit++) {
        size_t block = unit / p->y.taps, position = unit % p->y.taps, ky = tap_at(&p->y, position);
        size_t first = first_vector(p, block), vectors = first_vector(p, block + 1) - first;
        uint32_t *target = p->packed + (first * p->y.taps + position * vectors) * p->row * LANES;
        for (size_t v = 0; transposed && v < vectors; v++)
            pack_transposed(p, ky, (first + v) * LANES, target + v * LANES, vectors * LANES);
        for (size_t element = 0; !transposed && element < p->row; element++)
            for (size_t v = 0; v < vectors; v++) {
                size_t output = (first + v) * LANES;
                store(target + (element * vectors + v) * LANES, p->bfloat16 ? paired_weights(p, ky, element, output)
                                                                            : weights(p, ky, element, output));
            }
    }
}
