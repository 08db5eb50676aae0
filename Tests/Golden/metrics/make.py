"""Write inputs.safetensors and values.json: metrics of small features, by the packages that define them.

    python -m venv venv
    venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 prdc==0.2 safetensors==0.8.0 \
        torch==2.15.0 torchvision==0.29.2 torch-fidelity==0.4.0
    venv/bin/python make.py

(Python 3.11.) Each of three sets has features [N, D] of training, test and generated images, class probabilities
[N, K] of the generated ones, and subsets for the kernel distance, as rows. FID is by SciPy's matrix square root, where
it is not the definition of torch-fidelity. Precision and recall are of k = 3, density and coverage of k = 5. The
memorisation is written out with SciPy's distances.
"""

import json

import numpy as np
import scipy.linalg
import torch
from prdc import compute_prdc
from safetensors.numpy import save_file
from scipy.spatial.distance import cdist
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kernel_mmd

SUBSETS, SUBSET_SIZE = 4, 60


def gaussians(rng):
    """Correlated Gaussians, the generated ones moved and wider."""
    mix = rng.normal(size=(16, 16)) / 4
    real = rng.normal(size=(600, 16)) @ mix
    return real[:300], real[300:], 1.2 * rng.normal(size=(300, 16)) @ mix + 0.3, rng.normal(size=(300, 10))


def activations(rng):
    """What a ReLU leaves: not negative, far from Gaussian, and some features always 0."""
    weights = rng.normal(size=(6, 24))
    bias = np.where(np.arange(24) < 4, -100, 2.0)
    features = np.maximum(rng.normal(size=(750, 6)) @ weights + bias, 0)
    features[500:] += 0.2 * rng.uniform(size=(250, 24)) * (bias > 0)
    return features[:250], features[250:500], features[500:], 3 * rng.normal(size=(250, 10))


def clusters(rng):
    """Ten clusters, of which the generated images lack three; a fifth of these are training images."""
    centres = 5 + 4 * rng.normal(size=(10, 8))
    real = centres[rng.integers(10, size=400)] + rng.normal(size=(400, 8))
    classes = rng.integers(7, size=200)
    generated = centres[classes] + rng.normal(size=(200, 8))
    generated[:40] = real[:40]
    return real[:200], real[200:], generated, 9 * np.eye(10)[classes] + rng.normal(size=(200, 10))


def values(training, test, generated, logits, subsets):
    training, test, generated = (a.astype(np.float64) for a in (training, test, generated))
    root = scipy.linalg.sqrtm(np.cov(generated, rowvar=False) @ np.cov(training, rowvar=False)).real
    shift = generated.mean(0) - training.mean(0)
    covariances = np.cov(generated, rowvar=False) + np.cov(training, rowvar=False)
    statistics = [fid_features_to_statistics(torch.tensor(a)) for a in (generated, training)]
    narrow = compute_prdc(training, generated, 3)
    wide = compute_prdc(training, generated, 5)
    kernel = dict(kid_kernel="poly", kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1)
    to_training, to_test = (cdist(generated, a).min(axis=1) for a in (training, test))
    shares = np.bincount(cdist(generated, training).argmin(axis=1)) / len(generated)
    score = isc_features_to_metric(torch.tensor(logits), splits=1, shuffle=False)
    return {
        "fid": shift @ shift + np.trace(covariances) - 2 * np.trace(root),
        "fid_fidelity": fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"],
        "kid": [float(kernel_mmd(torch.tensor(generated[a]), torch.tensor(training[b]), **kernel)) for a, b in subsets],
        "score": score["inception_score_mean"],
        "precision": narrow["precision"],
        "recall": narrow["recall"],
        "density": wide["density"],
        "coverage": wide["coverage"],
        "memorisation": np.mean(to_training < to_test) + np.mean(to_training == to_test) / 2,
        "memorisation_ratio": to_training.mean() / to_test.mean(),
        "memorisation_error": 0.5 * np.sqrt(np.sum(shares**2)),
    }


def nearly_normal(rows, columns, seed):
    """Sums of four 16-bit numbers of splitmix64, which the test computes alike."""
    z = np.arange(1, rows * columns + 1, dtype=np.uint64) + np.uint64(seed << 40)
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    total = sum((z >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48))
    return ((total.astype(np.float64) - 131070) / 37837).astype(np.float32).reshape(rows, columns)


def prdc_example():
    """The package's own example, 10,000 times 1000 numbers of each kind."""
    real, fake = (nearly_normal(10_000, 1000, seed) for seed in (1, 2))
    found = {**compute_prdc(real, fake, 5), **{key: compute_prdc(real, fake, 3)[key] for key in ("precision", "recall")}}
    return {key: float(value) for key, value in found.items()}


def main():
    tensors, results = {}, {}
    for seed, make in enumerate([gaussians, activations, clusters]):
        rng = np.random.default_rng(seed)
        name = make.__name__
        training, test, generated, logits = (a.astype(np.float32) for a in make(rng))
        probabilities = torch.tensor(logits).double().softmax(dim=1).numpy().astype(np.float32)
        rows = [[rng.choice(len(a), SUBSET_SIZE, replace=False) for a in (generated, training)] for _ in range(SUBSETS)]
        tensors |= {f"{name}.training": training, f"{name}.test": test, f"{name}.generated": generated}
        tensors |= {f"{name}.probabilities": probabilities, f"{name}.subsets": np.array(rows, dtype=np.float32)}
        # The logarithms of the stored probabilities are logits of the same.
        logits = np.log(probabilities.astype(np.float64))
        results[name] = {
            key: value if isinstance(value, list) else float(value)
            for key, value in values(training, test, generated, logits, rows).items()
        }
    results["prdc_example"] = prdc_example()
    save_file(tensors, "inputs.safetensors")
    with open("values.json", "w") as file:
        json.dump(results, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
