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
// The page of the studio.
static const unsigned char page_index_html[] = {
#embed "studio/index.html"
};
static const unsigned char page_studio_css[] = {
#embed "studio/studio.css"
};
static const unsigned char page_studio_js[] = {
#embed "studio/studio.js"
};
static const unsigned char page_curves_js[] = {
#embed "studio/curves.js"
};
static const unsigned char page_samples_js[] = {
#embed "studio/samples.js"
};
static const unsigned char page_latent_js[] = {
#embed "studio/latent.js"
};
static const unsigned char page_steering_js[] = {
#embed "studio/steering.js"
};
static const unsigned char page_critic_js[] = {
#embed "studio/critic.js"
};
static const unsigned char page_layers_js[] = {
#embed "studio/layers.js"
};
static const unsigned char page_points_js[] = {
#embed "studio/points.js"
};
static const unsigned char page_sides_js[] = {
#embed "studio/sides.js"
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
    {"studio/index.html", page_index_html, sizeof page_index_html},
    {"studio/studio.css", page_studio_css, sizeof page_studio_css},
    {"studio/studio.js", page_studio_js, sizeof page_studio_js},
    {"studio/curves.js", page_curves_js, sizeof page_curves_js},
    {"studio/samples.js", page_samples_js, sizeof page_samples_js},
    {"studio/latent.js", page_latent_js, sizeof page_latent_js},
    {"studio/steering.js", page_steering_js, sizeof page_steering_js},
    {"studio/critic.js", page_critic_js, sizeof page_critic_js},
    {"studio/layers.js", page_layers_js, sizeof page_layers_js},
    {"studio/points.js", page_points_js, sizeof page_points_js},
    {"studio/sides.js", page_sides_js, sizeof page_sides_js},
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
