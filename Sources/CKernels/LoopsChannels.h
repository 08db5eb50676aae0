// Sums over rows or columns, and batch normalization. Included by Loops.h once for each float type in memory: E(name)
// names the function, ELEMENT is the type, LOAD and STORE convert.

static void E(sum_rows)(const void *source, float *target, size_t reduced, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
        const ELEMENT *x = (const ELEMENT *)source + row * reduced;
        // A fixed number of partial sums: the order of additions does not depend on the vector width.
        float partial[LANES] = {0};
        size_t i = 0;
        for (; i + LANES <= reduced; i += LANES)
            for (int lane = 0; lane < LANES; lane++) partial[lane] += LOAD(x[i + (size_t)lane]);
        for (int lane = 0; i < reduced; i++, lane++) partial[lane] += LOAD(x[i]);
        for (int half = LANES / 2; half > 0; half /= 2)
            for (int lane = 0; lane < half; lane++) partial[lane] += partial[lane + half];
        target[row] = partial[0];
    }
}

// Column sums process a tile of columns at a time, in short stretches of rows. The partial sums stay in
// registers, and the rounding error grows with the number of stretches rather than of rows.

INLINE void E(add_rows)(const ELEMENT *restrict x, float *restrict sum, size_t stride, size_t rows, const size_t width) {
    float partial[TILE] = {0};
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) partial[i] += LOAD(x[row * stride + i]);
    for (size_t i = 0; i < width; i++) sum[i] += partial[i];
}

INLINE void E(sum_tile)(const void *source, float *target, size_t reduced, size_t inner, size_t c, const size_t width) {
    for (size_t i = 0; i < width; i++) target[c + i] = 0;
    for (size_t row = 0; row < reduced; row += STRETCH)
        E(add_rows)((const ELEMENT *)source + row * inner + c, target + c, inner,
                    reduced - row < STRETCH ? reduced - row : STRETCH, width);
}

static void E(sum_columns)(const void *source, float *target, size_t reduced, size_t inner, size_t begin, size_t end) {
    FOR_TILES(begin, end, E(sum_tile), source, target, reduced, inner)
}

/// A tile's sums of squared distances from the mean.
INLINE void E(add_squares)(const ELEMENT *restrict x, const float *restrict mean, float *restrict sum, size_t stride,
                           size_t rows, const size_t width) {
    float partial[TILE] = {0};
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) {
            float d = LOAD(x[row * stride + i]) - mean[i];
            partial[i] += d * d;
        }
    for (size_t i = 0; i < width; i++) sum[i] += partial[i];
}

/// A tile's means, and sums of squared distances from them, in one pass over memory. The statistics of each stretch,
/// which stays in the cache, are merged by the method of Chan, Golub and LeVeque (1983).
INLINE void E(statistics)(const ELEMENT *restrict x, float *restrict mean, float *restrict squares, size_t stride,
                          size_t rows, const size_t width) {
    for (size_t i = 0; i < width; i++) mean[i] = squares[i] = 0;
    for (size_t row = 0; row < rows; row += STRETCH) {
        size_t count = rows - row < STRETCH ? rows - row : STRETCH;
        float part[TILE] = {0}, share = (float)count / (float)(row + count), weight = share * (float)row;
        E(add_rows)(x + row * stride, part, stride, count, width);
        for (size_t i = 0; i < width; i++) part[i] /= (float)count;
        E(add_squares)(x + row * stride, part, squares, stride, count, width);
        for (size_t i = 0; i < width; i++) {
            float distance = part[i] - mean[i];
            mean[i] += distance * share;
            squares[i] += distance * distance * weight;
        }
    }
}

INLINE void E(normalize_tile)(const gk_normalization *n, size_t c, const size_t width) {
    const ELEMENT *restrict x = (const ELEMENT *)n->x + c;
    ELEMENT *restrict y = (ELEMENT *)n->out + c;
    float center[TILE], scale[TILE], shift[TILE], squares[TILE], slope = n->slope;
    E(statistics)(x, center, squares, n->channels, n->rows, width);
    for (size_t i = 0; i < width; i++) {
        n->mean[c + i] = center[i];
        n->variance[c + i] = squares[i] / (float)n->rows;
        scale[i] = n->gamma[c + i] / __builtin_elementwise_sqrt(n->variance[c + i] + n->epsilon);
        shift[i] = n->beta[c + i];
    }
    for (size_t row = 0, at = 0; row < n->rows; row++, at += n->channels)
        for (size_t i = 0; i < width; i++) {
            float z = (LOAD(x[at + i]) - center[i]) * scale[i] + shift[i];
            y[at + i] = STORE(z > 0 ? z : slope * z);
        }
}

static void E(batch_norm)(const gk_normalization *n, size_t begin, size_t end) {
    FOR_TILES(begin, end, E(normalize_tile), n)
}

/// A tile's sums of dy, and of dy times the distance from the mean. dy is scaled by `slope` where the input of the
/// leaky ReLU was not positive.
INLINE void E(add_products)(const ELEMENT *restrict dy, const ELEMENT *restrict x, const float *restrict center,
                            const float *restrict scale, const float *restrict shift, float slope,
                            float *restrict sum, float *restrict products, size_t stride, size_t rows, const size_t width) {
    float partial[TILE] = {0}, product[TILE] = {0};
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) {
            float distance = LOAD(x[row * stride + i]) - center[i], g = LOAD(dy[row * stride + i]);
            g = distance * scale[i] + shift[i] > 0 ? g : slope * g;
            partial[i] += g;
            product[i] += g * distance;
        }
    for (size_t i = 0; i < width; i++) {
        sum[i] += partial[i];
        products[i] += product[i];
    }
}

INLINE void E(normalize_tile_gradient)(const gk_normalization *n, size_t c, const size_t width) {
    const ELEMENT *restrict dy = (const ELEMENT *)n->dy + c, *restrict x = (const ELEMENT *)n->x + c;
    ELEMENT *restrict dx = (ELEMENT *)n->out + c;
    const float share = 1.0f / (float)n->rows, slope = n->slope;
    float sum[TILE] = {0}, products[TILE] = {0}, center[TILE], scale[TILE], shift[TILE], tilt[TILE];
    for (size_t i = 0; i < width; i++) {
        center[i] = n->mean[c + i];
        scale[i] = n->gamma[c + i] / __builtin_elementwise_sqrt(n->variance[c + i] + n->epsilon);
        shift[i] = n->beta[c + i];
    }
    for (size_t row = 0; row < n->rows; row += STRETCH)
        E(add_products)(dy + row * n->channels, x + row * n->channels, center, scale, shift, slope, sum, products,
                        n->channels, n->rows - row < STRETCH ? n->rows - row : STRETCH, width);
    // dx = gamma / deviation (dy - mean(dy) - normalized mean(dy normalized)).
    for (size_t i = 0; i < width; i++) {
        float inverse = 1.0f / __builtin_elementwise_sqrt(n->variance[c + i] + n->epsilon);
        n->dbeta[c + i] = sum[i];
        n->dgamma[c + i] = products[i] * inverse;
        tilt[i] = share * products[i] * inverse * inverse;
        sum[i] *= share;
    }
    for (size_t row = 0, first = 0; row < n->rows; row++, first += n->channels)
        for (size_t i = 0; i < width; i++) {
            size_t at = first + i;
            float distance = LOAD(x[at]) - center[i], g = LOAD(dy[at]);
            g = distance * scale[i] + shift[i] > 0 ? g : slope * g;
            dx[at] = STORE(scale[i] * (g - sum[i] - distance * tilt[i]));
        }
}

static void E(batch_norm_gradient)(const gk_normalization *n, size_t begin, size_t end) {
    FOR_TILES(begin, end, E(normalize_tile_gradient), n)
}

#undef E
#undef ELEMENT
#undef LOAD
#undef STORE
