#include "CResources.h"

#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char train_images[] = {
#embed "mnist/train-images-idx3-ubyte.gz"
};
static const unsigned char train_labels[] = {
#embed "mnist/train-labels-idx1-ubyte.gz"
};
static const unsigned char test_images[] = {
#embed "mnist/t10k-images-idx3-ubyte.gz"
};
static const unsigned char test_labels[] = {
#embed "mnist/t10k-labels-idx1-ubyte.gz"
};
static const unsigned char mnist_evaluator[] = {
#embed "evaluators/mnist.safetensors"
};
static const unsigned char fashion_mnist_evaluator[] = {
#embed "evaluators/fashion-mnist.safetensors"
};
// The lessons, the configuration files that they hand out, and the weights that runs of them have.
static const unsigned char lesson_1_first_gan[] = {
#embed "../../docs/lessons/1-first-gan.yaml"
};
static const unsigned char lesson_2_minimax[] = {
#embed "../../docs/lessons/2-minimax.yaml"
};
static const unsigned char lesson_2_non_saturating[] = {
#embed "../../docs/lessons/2-non-saturating.yaml"
};
static const unsigned char lesson_3_balanced[] = {
#embed "../../docs/lessons/3-balanced.yaml"
};
static const unsigned char lesson_3_fast_generator[] = {
#embed "../../docs/lessons/3-fast-generator.yaml"
};
static const unsigned char lesson_3_fast_discriminator[] = {
#embed "../../docs/lessons/3-fast-discriminator.yaml"
};
static const unsigned char lesson_4_collapse[] = {
#embed "../../docs/lessons/4-collapse.yaml"
};
static const unsigned char lesson_4_penalty[] = {
#embed "../../docs/lessons/4-penalty.yaml"
};
static const unsigned char lesson_5_hard_labels[] = {
#embed "../../docs/lessons/5-hard-labels.yaml"
};
static const unsigned char lesson_5_smooth_labels[] = {
#embed "../../docs/lessons/5-smooth-labels.yaml"
};
static const unsigned char lesson_6_few_images[] = {
#embed "../../docs/lessons/6-few-images.yaml"
};
static const unsigned char lesson_6_augmentation[] = {
#embed "../../docs/lessons/6-augmentation.yaml"
};
static const unsigned char lesson_list[] = {
#embed "../../docs/lessons/lessons.json"
};
static const unsigned char lesson_digests[] = {
#embed "../../docs/lessons/digests.json"
};

static const ganymede_resource resources[] = {
    {"mnist/train-images-idx3-ubyte.gz", train_images, sizeof train_images},
    {"mnist/train-labels-idx1-ubyte.gz", train_labels, sizeof train_labels},
    {"mnist/t10k-images-idx3-ubyte.gz", test_images, sizeof test_images},
    {"mnist/t10k-labels-idx1-ubyte.gz", test_labels, sizeof test_labels},
    {"evaluators/mnist.safetensors", mnist_evaluator, sizeof mnist_evaluator},
    {"evaluators/fashion-mnist.safetensors", fashion_mnist_evaluator,
     sizeof fashion_mnist_evaluator},
    {"lessons/1-first-gan.yaml", lesson_1_first_gan, sizeof lesson_1_first_gan},
    {"lessons/2-minimax.yaml", lesson_2_minimax, sizeof lesson_2_minimax},
    {"lessons/2-non-saturating.yaml", lesson_2_non_saturating, sizeof lesson_2_non_saturating},
    {"lessons/3-balanced.yaml", lesson_3_balanced, sizeof lesson_3_balanced},
    {"lessons/3-fast-generator.yaml", lesson_3_fast_generator, sizeof lesson_3_fast_generator},
    {"lessons/3-fast-discriminator.yaml", lesson_3_fast_discriminator, sizeof lesson_3_fast_discriminator},
    {"lessons/4-collapse.yaml", lesson_4_collapse, sizeof lesson_4_collapse},
    {"lessons/4-penalty.yaml", lesson_4_penalty, sizeof lesson_4_penalty},
    {"lessons/5-hard-labels.yaml", lesson_5_hard_labels, sizeof lesson_5_hard_labels},
    {"lessons/5-smooth-labels.yaml", lesson_5_smooth_labels, sizeof lesson_5_smooth_labels},
    {"lessons/6-few-images.yaml", lesson_6_few_images, sizeof lesson_6_few_images},
    {"lessons/6-augmentation.yaml", lesson_6_augmentation, sizeof lesson_6_augmentation},
    {"lessons/lessons.json", lesson_list, sizeof lesson_list},
    {"lessons/digests.json", lesson_digests, sizeof lesson_digests},
};

ganymede_resource ganymede_resource_named(const char *name) {
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (strcmp(resources[i].name, name) == 0) return resources[i];
    return (ganymede_resource){name, NULL, 0};
}
