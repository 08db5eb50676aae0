"""Write torch.safetensors: ten GAN steps by PyTorch's functions in float64.

Adam and the moving statistics are written out, because PyTorch's differ from
Keras's: its Adam adds epsilon after the bias correction of the second moment,
and its batch normalization keeps the sample variance, not the population's.
"""

import torch
import torch.nn.functional as F

import common


class Adam:
    """Adam by Keras's definition, over a dictionary of tensors."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.t = 0
        self.m = {k: torch.zeros_like(p) for k, p in parameters.items()}
        self.v = {k: torch.zeros_like(p) for k, p in parameters.items()}

    @torch.no_grad()
    def apply(self, gradients):
        """Take one update with the gradients given by name."""
        b1, b2 = common.BETA_1, common.BETA_2
        self.t += 1
        alpha = common.LEARNING_RATE * (1 - b2**self.t) ** 0.5
        alpha /= 1 - b1**self.t
        for name, g in gradients.items():
            m = self.m[name].mul_(b1).add_(g, alpha=1 - b1)
            v = self.v[name].mul_(b2).addcmul_(g, g, value=1 - b2)
            self.parameters[name] -= alpha * m / (
                v.sqrt() + common.ADAM_EPSILON
            )


def dense(x, tensors, layer):
    return F.linear(x, tensors[f"{layer}.weight"], tensors[f"{layer}.bias"])


def batch_norm(x, tensors, layer, training):
    """Normalize by the batch (and move the moving statistics) or by those."""
    mean = tensors[f"{layer}.moving_mean"]
    variance = tensors[f"{layer}.moving_variance"]
    if training:
        with torch.no_grad():
            keep = common.MOMENTUM
            batch_variance, batch_mean = torch.var_mean(x, 0, correction=0)
            mean.mul_(keep).add_(batch_mean, alpha=1 - keep)
            variance.mul_(keep).add_(batch_variance, alpha=1 - keep)
        mean = variance = None
    return F.batch_norm(
        x,
        mean,
        variance,
        tensors[f"{layer}.gamma"],
        tensors[f"{layer}.beta"],
        training=training,
        eps=common.BN_EPSILON,
    )


def generate(tensors, noise, training):
    x = noise
    last = len(common.GENERATOR) - 1
    for i in range(1, last):
        x = dense(x, tensors, f"generator.dense{i}")
        x = F.leaky_relu(x, common.SLOPE)
        x = batch_norm(x, tensors, f"generator.batch_norm{i}", training)
    x = torch.tanh(dense(x, tensors, f"generator.dense{last}"))
    return x.reshape(-1, *common.IMAGE)


def discriminate(tensors, images, masks):
    x = images.flatten(1)
    for i, mask in enumerate(masks, start=1):
        x = dense(x, tensors, f"discriminator.dense{i}")
        x = F.leaky_relu(x, common.SLOPE)
        x = x * mask / (1 - common.DROPOUT)
    return dense(x, tensors, f"discriminator.dense{len(masks) + 1}")


def keras_order(name, tensor):
    """Switch a kernel between PyTorch's [out, in] and Keras's [in, out]."""
    return tensor.T.contiguous() if name.endswith(".weight") else tensor


def main():
    torch.set_num_threads(1)
    inputs = {k: torch.from_numpy(v) for k, v in common.load("inputs").items()}
    tensors = {
        name: keras_order(name, inputs[f"initial.{name}"]).clone()
        for name in common.all_names()
    }
    d_names, g_names = common.discriminator_names(), common.generator_names()
    for name in d_names + g_names:
        tensors[name].requires_grad_()
    d_adam = Adam({name: tensors[name] for name in d_names})
    g_adam = Adam({name: tensors[name] for name in g_names})
    results = {"d_loss": [], "g_loss": []}

    def update(optimizer, use, step, images, label):
        """Take one update of the optimizer's tensors; return the loss."""
        masks = [
            inputs[f"step{step}.{use}/discriminator/dropout{i}"]
            for i in range(1, len(common.DISCRIMINATOR) - 1)
        ]
        logits = discriminate(tensors, images, masks)
        loss = F.binary_cross_entropy_with_logits(
            logits, torch.full_like(logits, label)
        )
        names = list(optimizer.parameters)
        gradients = torch.autograd.grad(loss, optimizer.parameters.values())
        gradients = dict(zip(names, gradients, strict=True))
        optimizer.apply(gradients)
        if step == 0:
            for name, gradient in gradients.items():
                key = f"gradient.{use}.{name}"
                results[key] = keras_order(name, gradient).numpy()
        return loss.item()

    for step in range(common.STEPS):
        noise = inputs[f"step{step}.noise/discriminator"]
        with torch.no_grad():
            fakes = generate(tensors, noise, training=False)
        on_real = update(d_adam, "real", step, inputs[f"step{step}.real"], 1.0)
        on_fake = update(d_adam, "fake", step, fakes, 0.0)
        results["d_loss"].append((on_real + on_fake) / 2)
        noise = inputs[f"step{step}.noise/generator"]
        images = generate(tensors, noise, training=True)
        g_loss = update(g_adam, "generator", step, images, 1.0)
        results["g_loss"].append(g_loss)

    for name in common.all_names():
        tensor = keras_order(name, tensors[name].detach())
        results[f"final.{name}"] = tensor.numpy()
    common.save("torch", results)


if __name__ == "__main__":
    main()
