// Which outputs a tap of a filter gradient sums over.

/// The output indices [begin, end) for which a tap lies inside the image.
typedef struct {
    size_t begin, end;
} span;

static void find_spans(span *spans, size_t taps, size_t outputs, size_t stride, size_t before, size_t extent) {
    for (size_t tap = 0; tap < taps; tap++) {
        spans[tap].begin = before > tap ? (before - tap + stride - 1) / stride : 0;
        spans[tap].end = extent + before > tap ? least(outputs, (extent + before - tap - 1) / stride + 1) : 0;
    }
}
