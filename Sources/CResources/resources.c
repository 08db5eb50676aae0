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

static const ganymede_resource resources[] = {
    {"mnist/train-images-idx3-ubyte.gz", train_images, sizeof train_images},
    {"mnist/train-labels-idx1-ubyte.gz", train_labels, sizeof train_labels},
    {"mnist/t10k-images-idx3-ubyte.gz", test_images, sizeof test_images},
    {"mnist/t10k-labels-idx1-ubyte.gz", test_labels, sizeof test_labels},
    {"evaluators/mnist.safetensors", mnist_evaluator, sizeof mnist_evaluator},
    {"evaluators/fashion-mnist.safetensors", fashion_mnist_evaluator,
     sizeof fashion_mnist_evaluator},
};

ganymede_resource ganymede_resource_named(const char *name) {
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (strcmp(resources[i].name, name) == 0) return resources[i];
    return (ganymede_resource){name, NULL, 0};
}
