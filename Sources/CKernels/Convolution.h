// A convolution and its input gradient, as one kernel that does not multiply padding.
//
// A tile is some images at the same position of the result, times some registers of its channels, held in registers. All
// images of a tile use the same taps of the window. A row of the window covers contiguous elements of the image, and
// the weights are packed in the same order. Elements are 4 bytes: a float, or two successive bfloat16 of the image,
// which the dot product instruction multiplies and adds at once.
#include "ConvolutionPlan.h"
#include "ConvolutionPacking.h"
#ifdef MATRICES
#include "ConvolutionAMX.h"
#else
#include "ConvolutionTiles.h"
#endif

static convolution_plan plan_convolution(const gk_convolution_shape *s, const gk_convolution_kind *kind) {
    bool g = kind->input_gradient;
    convolution_plan p = {.bfloat16 = kind->bfloat16, .result_bfloat16 = kind->result_bfloat16, .gradient = g,
              .y = {s->window_height, s->stride_y, s->top, g ? s->rows : s->height, g ? s->height : s->rows, g},
              .x = {s->window_width, s->stride_x, s->left, g ? s->columns : s->width, g ? s->width : s->columns, g},
              .batch = s->batch, .channels = g ? s->filters : s->channels, .outputs = g ? s->channels : s->filters,
              .bias = kind->bias, .gate = kind->gate, .slope = kind->slope};
    p.row = (s->window_width * p.channels + p.bfloat16) / (p.bfloat16 ? 2 : 1);
    p.vectors = (p.outputs + LANES - 1) / LANES;
    p.blocks = (p.vectors + CONVOLUTION_VECTORS - 1) / CONVOLUTION_VECTORS;
    size_t image = p.y.image * p.x.image * p.channels * (p.bfloat16 ? 2 : 4);
    p.places = tile_places((p.vectors + p.blocks - 1) / p.blocks, image);
    p.groups = (p.batch + p.places - 1) / p.places;
    return p;
}

/// Units are [block of outputs][group of images][row of the result]. Weights stay in the second-level cache for all
/// images, and the images of a group for all its positions.
static void convolution_part(const void *context, size_t begin, size_t end) {
    const convolution_plan *p = context;
    size_t size = p->bfloat16 ? 2 : 4, result_size = p->result_bfloat16 ? 2 : 4;
    size_t pixel = p->channels * size, image = p->y.image * p->x.image * pixel;
    size_t result_pixel = p->outputs * result_size, result_image = p->y.result * p->x.result * result_pixel;
    // Columns of the result that are `apart` from each other use the same taps, `step` columns of the image apart.
    size_t apart = p->gradient ? p->x.stride : 1, step = p->gradient ? 1 : p->x.stride;
    for (size_t unit = begin; unit < end; unit++) {
        size_t y = unit % p->y.result, group = unit / p->y.result % p->groups, block = unit / p->y.result / p->groups;
        size_t first = first_vector(p, block), vectors = first_vector(p, block + 1) - first;
        size_t n = p->batch * group / p->groups, images = p->batch * (group + 1) / p->groups - n;
        size_t last = least(p->outputs - first * LANES, vectors * LANES) - (vectors - 1) * LANES;
        tap_range rows = taps_at(&p->y, y);
        convolution_tile t = {.rows = rows.count, .row = p->x.image * pixel, .packed_row = p->row * vectors * LANES,
                  .bias = p->bias ? p->bias + first * LANES : NULL, .slope = p->slope,
                  .result_bfloat16 = p->result_bfloat16, .last = last};
        const uint32_t *packed = p->packed + (first * p->y.taps + rows.position * vectors) * p->row * LANES;
        const char *source = p->image + n * image + rows.image * t.row;
        char *result = p->result + n * result_image + y * p->x.result * result_pixel + first * LANES * result_size;
        for (size_t class = 0; class < least(apart, p->x.result); class++) {
            tap_range seen = taps_at(&p->x, class), next = seen;
            for (size_t x = class, same; x < p->x.result; x += same * apart, seen = next) {
                for (same = 1; x + same * apart < p->x.result; same++) {
                    next = taps_at(&p->x, x + same * apart);
                    if (next.count != seen.count || next.position != seen.position) break;
                }
                size_t from = seen.position * p->channels, to = from + seen.count * p->channels;
                if (p->bfloat16) {
                    t.head = from % 2 != 0 && seen.count > 0;
                    t.tail = to % 2 != 0 && seen.count > 0;
                    t.elements = to / 2 - least((from + 1) / 2, to / 2);
                    from /= 2;
                } else t.elements = to - from;
                t.packed = packed + from * vectors * LANES;
                // Tiles span images, each of which is then read contiguously, unless images are few and columns many.
                size_t across = (same + p->places - 1) / p->places;
                bool columns = same / across > 2 * images;
                t.pitch = columns ? step * pixel : image;
                t.result_pitch = columns ? apart * result_pixel : result_image;
                for (size_t i = 0; i < (columns ? images * across : same); i++) {
                    size_t at = columns ? i / across : 0, column = columns ? same * (i % across) / across : i;
                    size_t places = columns ? same * (i % across + 1) / across - column : images;
                    t.image = source + at * image + (seen.image + column * step) * pixel;
                    t.result = result + at * result_image + (x + column * apart) * result_pixel;
                    t.gate = p->gate ? (const char *)p->gate + (t.result - p->result) : NULL;
                    run_tile(p->bfloat16, places, vectors, &t);
                }
            }
        }
    }
    end_tiles();
}

static size_t convolution_scratch(const gk_convolution_shape *shape, const gk_convolution_kind *kind) {
    convolution_plan p = plan_convolution(shape, kind);
    return (p.vectors * p.y.taps * p.row + 1) * LANES * sizeof(uint32_t);
}

static void convolution(const gk_convolution_shape *shape, const gk_convolution_kind *kind, const void *image,
                        const float *w, void *result, void *scratch) {
    convolution_plan p = plan_convolution(shape, kind);
    p.image = image;
    p.w = w;
    p.result = result;
    p.packed = (uint32_t *)round_up((uintptr_t)scratch, LANES * sizeof(uint32_t));
    size_t packed = p.vectors * p.y.taps * p.row * LANES, units = p.blocks * p.groups * p.y.result;
    gk_divide(pack_weights, &p, p.blocks * p.y.taps, 1, packed);
    gk_divide(convolution_part, &p, units, 1, convolution_work(shape));
}
