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
};

ganymede_resource ganymede_resource_named(const char *name) {
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (strcmp(resources[i].name, name) == 0) return resources[i];
    return (ganymede_resource){name, NULL, 0};
}
