// The primitives that are used, for both the 2.x and the 3.x interface of oneDNN.
#include "Shim.h"

// oneDNN's argument numbers, indexed by gdn_argument: of forward operations (the same for a reorder), and of gradients.
static const int forward_ids[ARGUMENTS] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD,
                                           DNNL_ARG_BIAS};
static const int input_gradient_ids[ARGUMENTS] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST,
                                                  DNNL_ARG_SCRATCHPAD, DNNL_ARG_BIAS};
static const int filter_gradient_ids[ARGUMENTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST,
                                                   DNNL_ARG_SCRATCHPAD, DNNL_ARG_DIFF_BIAS};

int gdn_matmul_create(gdn_operation **out, const gdn_descriptor *src, const gdn_descriptor *weights,
                      const gdn_descriptor *bias, const gdn_descriptor *dst, const gdn_attributes *attributes) {
    TRY(gdn_ensure_engine());
    dnnl_primitive_desc_t pd;
#if V3
    TRY(dnnl_matmul_primitive_desc_create(&pd, gdn_engine, src->md, weights->md, bias ? bias->md : NULL, dst->md,
                                          attributes->attr));
#else
    dnnl_matmul_desc_t desc;
    TRY(dnnl_matmul_desc_init(&desc, &src->md, &weights->md, bias ? &bias->md : NULL, &dst->md));
    TRY(dnnl_primitive_desc_create(&pd, &desc, attributes->attr, gdn_engine, NULL));
#endif
    return gdn_operation_create(out, pd, forward_ids);
}

// The gradients take the forward direction's descriptor as a hint.
static dnnl_status_t convolution_forward(dnnl_primitive_desc_t *pd, md_reference src, md_reference weights,
                                         md_reference dst, const int64_t *strides, const int64_t *before,
                                         const int64_t *after, dnnl_primitive_attr_t attr) {
#if V3
    return dnnl_convolution_forward_primitive_desc_create(pd, gdn_engine, dnnl_forward_training,
                                                          dnnl_convolution_direct, src, weights, NULL, dst, strides,
                                                          NULL, before, after, attr);
#else
    dnnl_convolution_desc_t desc;
    TRY(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct, src, weights, NULL,
                                           dst, strides, before, after));
    return dnnl_primitive_desc_create(pd, &desc, attr, gdn_engine, NULL);
#endif
}

static dnnl_status_t convolution_gradient(dnnl_primitive_desc_t *pd, gdn_direction direction, md_reference src,
                                          md_reference weights, md_reference dst, const int64_t *strides,
                                          const int64_t *before, const int64_t *after, dnnl_primitive_attr_t attr,
                                          const_dnnl_primitive_desc_t hint) {
#if V3
    if (direction == GDN_INPUT_GRADIENT)
        return dnnl_convolution_backward_data_primitive_desc_create(pd, gdn_engine, dnnl_convolution_direct, src,
                                                                    weights, dst, strides, NULL, before, after, hint,
                                                                    attr);
    return dnnl_convolution_backward_weights_primitive_desc_create(pd, gdn_engine, dnnl_convolution_direct, src,
                                                                   weights, NULL, dst, strides, NULL, before, after,
                                                                   hint, attr);
#else
    dnnl_convolution_desc_t desc;
    if (direction == GDN_INPUT_GRADIENT)
        TRY(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, src, weights, dst, strides,
                                                     before, after));
    else
        TRY(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, src, weights, NULL, dst,
                                                        strides, before, after));
    return dnnl_primitive_desc_create(pd, &desc, attr, gdn_engine, hint);
#endif
}

int gdn_convolution_create(gdn_operation **out, gdn_direction direction, const gdn_descriptor *src,
                           const gdn_descriptor *weights, const gdn_descriptor *dst, const gdn_descriptor *hint_src,
                           const gdn_descriptor *hint_weights, const int64_t strides[2], const int64_t before[2],
                           const int64_t after[2], const gdn_attributes *attributes) {
    TRY(gdn_ensure_engine());
    dnnl_primitive_desc_t forward, gradient;
    TRY(convolution_forward(&forward, MD(hint_src), MD(hint_weights), MD(dst), strides, before, after,
                            attributes->attr));
    if (direction == GDN_FORWARD) return gdn_operation_create(out, forward, forward_ids);
    dnnl_status_t status = convolution_gradient(&gradient, direction, MD(src), MD(weights), MD(dst), strides, before, after,
                                                attributes->attr, forward);
    dnnl_primitive_desc_destroy(forward);
    if (status != dnnl_success) return status;
    return gdn_operation_create(out, gradient, direction == GDN_INPUT_GRADIENT ? input_gradient_ids : filter_gradient_ids);
}

int gdn_reorder_create(gdn_operation **out, const gdn_descriptor *src, const gdn_descriptor *dst,
                       const gdn_attributes *attributes) {
    TRY(gdn_ensure_engine());
    dnnl_primitive_desc_t pd;
    TRY(dnnl_reorder_primitive_desc_create(&pd, MD(src), gdn_engine, MD(dst), gdn_engine, attributes->attr));
    return gdn_operation_create(out, pd, forward_ids);
}
