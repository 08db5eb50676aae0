"""Write NAME-torch.safetensors: ten GAN steps by PyTorch's functions.

All in float64. Tensors stay in Keras's order of axes (images [N, H, W, C])
and are permuted where PyTorch's functions want another. Written out because
PyTorch's differ from Keras's: the padding 'same' where it is uneven; Adam,
whose epsilon PyTorch adds after the bias correction of the second moment;
RMSprop, whose epsilon it adds outside the root; and the moving variance, of
which PyTorch keeps the sample's, not the population's.
"""

import torch
import torch.nn.functional as F

import common
from systems import STEPS, penalty_weight


class Adam:
    """Adam by Keras's definition."""

    def __init__(self, settings, parameters):
        self.settings = settings
        self.t = 0
        self.m = {k: torch.zeros_like(p) for k, p in parameters.items()}
        self.v = {k: torch.zeros_like(p) for k, p in parameters.items()}

    def apply(self, parameters, gradients):
        s = self.settings
        rate = s.rate
        if s.fall is not None:
            start, end = s.fall
            rate *= 1 - min(max(self.t - start, 0) / (end - start), 1)
        self.t += 1
        alpha = rate * (1 - s.beta_2**self.t) ** 0.5
        alpha /= 1 - s.beta_1**self.t
        for key, g in gradients.items():
            m = self.m[key].mul_(s.beta_1).add_(g, alpha=1 - s.beta_1)
            v = self.v[key].mul_(s.beta_2).addcmul_(g, g, value=1 - s.beta_2)
            parameters[key] -= alpha * m / (v.sqrt() + s.epsilon)


class RMSprop:
    """Keras's RMSprop with its value clipping and inverse time decay."""

    def __init__(self, settings, parameters):
        self.settings = settings
        self.t = 0
        self.v = {k: torch.zeros_like(p) for k, p in parameters.items()}

    def apply(self, parameters, gradients):
        s = self.settings
        rate = s.rate / (1 + s.decay * self.t)
        self.t += 1
        for key, g in gradients.items():
            g = g.clamp(-s.clip, s.clip)
            v = self.v[key].mul_(s.rho).addcmul_(g, g, value=1 - s.rho)
            parameters[key] -= rate * g / (v + s.epsilon).sqrt()


OPTIMIZERS = {"adam": Adam, "rmsprop": RMSprop}


def same_padding(size, kernel, stride):
    """Return TensorFlow's 'same' padding before and after an axis."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def conv2d(x, layer, weight, bias):
    x = channels_first(x)
    if layer.padding == "same":
        rows = same_padding(x.shape[2], layer.kernel, layer.stride)
        columns = same_padding(x.shape[3], layer.kernel, layer.stride)
        x = F.pad(x, (*columns, *rows))
    weight = weight.permute(3, 2, 0, 1).contiguous()  # [out, in, KH, KW]
    return channels_last(F.conv2d(x, weight, bias, layer.stride))


def conv2d_transpose(x, layer, weight, bias):
    """Transpose the 'same' convolution from the output's size to x's."""
    x = channels_first(x)
    height, width = (n * layer.stride for n in x.shape[2:])
    top, _ = same_padding(height, layer.kernel, layer.stride)
    left, _ = same_padding(width, layer.kernel, layer.stride)
    weight = weight.permute(3, 2, 0, 1).contiguous()  # [in, out, KH, KW]
    y = F.conv_transpose2d(x, weight, bias, layer.stride)
    return channels_last(y[:, :, top : top + height, left : left + width])


def batch_norm(x, layer, tensors, training):
    """Normalize by the batch (and move the moving statistics) or by those."""
    mean, variance = tensors["moving_mean"], tensors["moving_variance"]
    rows = x.reshape(-1, x.shape[-1])
    if training:
        with torch.no_grad():
            keep = layer.momentum
            new_variance, new_mean = torch.var_mean(rows, 0, correction=0)
            mean.mul_(keep).add_(new_mean, alpha=1 - keep)
            variance.mul_(keep).add_(new_variance, alpha=1 - keep)
        mean = variance = None
    y = F.batch_norm(
        rows,
        mean,
        variance,
        tensors["gamma"],
        tensors["beta"],
        training=training,
        eps=layer.epsilon,
    )
    return y.reshape(x.shape)


class Network:
    """A network's tensors by name, its optimizer, and what it computes."""

    def __init__(self, system, name, inputs):
        self.name = name
        self.layers = common.placed_layers(system, name)
        self.tensors = {
            key: inputs[f"initial.{key}"].clone()
            for key in common.tensors(system, name)
        }
        self.trained = {
            key: self.tensors[key].requires_grad_()
            for key in common.trained(system, name)
        }
        settings = getattr(system, f"{name}_optimizer")
        self.optimizer = OPTIMIZERS[settings.kind](settings, self.trained)

    def __call__(self, x, training, find_mask=None, labels=None):
        for placed in self.layers:
            layer = placed.layer
            tensors = {
                tensor: self.tensors[f"{self.name}.{placed.name}.{tensor}"]
                for tensor in placed.tensors
            }
            weight, bias = tensors.get("weight"), tensors.get("bias")
            match layer.kind:
                case "dense":
                    x = F.linear(x, weight.T, bias)
                case "conv2d":
                    x = conv2d(x, layer, weight, bias)
                case "conv2d_transpose":
                    x = conv2d_transpose(x, layer, weight, bias)
                case "up_sampling2d":
                    x = x.repeat_interleave(layer.factor, 1)
                    x = x.repeat_interleave(layer.factor, 2)
                case "batch_norm":
                    x = batch_norm(x, layer, tensors, training)
                case "leaky_relu":
                    x = F.leaky_relu(x, layer.slope)
                case "dropout":
                    if training:
                        x = x * find_mask(placed.name) / (1 - layer.rate)
                case "flatten":
                    x = x.flatten(1)
                case "reshape":
                    x = x.reshape(-1, *layer.shape)
                case "class_embedding":
                    x = torch.cat([x, weight[labels]], 1)
                case "class_projection":
                    own = weight[:, 0] + tensors["class_weight"][labels]
                    x = torch.einsum("nd,nd->n", x, own)[:, None] + bias
                case _:
                    x = getattr(torch, layer.kind)(x)
        return x


def train(system, inputs):
    """Take all steps; return the results."""
    results = {"d_loss": [], "g_loss": []}
    generator = Network(system, "generator", inputs)
    discriminator = Network(system, "discriminator", inputs)
    average = None
    if system.average_decay is not None:
        average = {
            key: tensor.detach().clone()
            for key, tensor in generator.tensors.items()
        }

    def gradients(network, loss, retain_graph=False):
        values = torch.autograd.grad(
            loss, network.trained.values(), retain_graph=retain_graph
        )
        return dict(zip(network.trained, values, strict=True))

    def apply(network, use, gradients):
        with torch.no_grad():
            network.optimizer.apply(network.trained, gradients)
        for key, gradient in gradients.items():
            key = f"gradient.{use}.{key}"
            results.setdefault(key, gradient.contiguous().numpy())

    def generate(step, training):
        use = "generator" if training else "discriminator"
        return generator(
            inputs[f"step{step}.noise/{use}"],
            training,
            lambda layer: inputs[f"step{step}.generator/generator/{layer}"],
            find_labels(step),
        )

    def judge(step, use, images):
        return discriminator(
            images,
            True,
            lambda layer: inputs[f"step{step}.{use}/discriminator/{layer}"],
            find_labels(step, len(images) // system.batch),
        )

    def find_labels(step, batches=1):
        """Return the classes of `batches` times the batch, if it has any."""
        if system.classes is None:
            return None
        return inputs[f"step{step}.labels"].long().repeat(batches)

    def cross_entropy(logits, target):
        return F.binary_cross_entropy_with_logits(
            logits, torch.full_like(logits, target)
        )

    def penalty(step, use, images):
        """Return the penalty's term of the discriminator's loss."""
        images = images.detach().clone().requires_grad_()
        logits = judge(step, use, images)
        # Samples do not mix: each image has the gradient of its own logit.
        (slopes,) = torch.autograd.grad(
            logits.sum(), images, create_graph=True
        )
        squares = slopes.square().flatten(1).sum(1)
        return penalty_weight(system, step) * 0.5 * squares.mean()

    def step_simultaneous(step):
        images = generate(step, training=True)
        on_real = judge(step, "real", inputs[f"step{step}.real"])
        on_fake = judge(step, "fake", images)
        if system.loss == "relativistic":
            d_loss = F.softplus(on_fake - on_real).mean()
            g_loss = F.softplus(on_real - on_fake).mean()
        else:
            d_loss = cross_entropy(on_real, system.real_target)
            d_loss = d_loss + cross_entropy(on_fake, 0.0)
            g_loss = cross_entropy(on_fake, 1.0)
        minimized = d_loss
        if system.r1 is not None:
            real = inputs[f"step{step}.real"]
            minimized = d_loss + penalty(step, "real", real)
        if system.r2:
            minimized = minimized + penalty(step, "fake", images)
        d_gradients = gradients(discriminator, minimized, retain_graph=True)
        g_gradients = gradients(generator, g_loss)
        apply(discriminator, "discriminator", d_gradients)
        apply(generator, "generator", g_gradients)
        return d_loss, g_loss

    def step_alternating(step):
        real = inputs[f"step{step}.real"]
        with torch.no_grad():
            fakes = generate(step, training=False)
        if system.schedule == "separate":
            d_loss = 0.0
            for use, images, target in (
                ("real", real, system.real_target),
                ("fake", fakes, 0.0),
            ):
                loss = cross_entropy(judge(step, use, images), target)
                apply(discriminator, use, gradients(discriminator, loss))
                d_loss = d_loss + loss / 2
        else:
            both = judge(step, "discriminator", torch.cat([real, fakes]))
            on_real, on_fake = both.chunk(2)
            d_loss = cross_entropy(on_real, system.real_target)
            d_loss = (d_loss + cross_entropy(on_fake, 0.0)) / 2
            d_gradients = gradients(discriminator, d_loss)
            apply(discriminator, "discriminator", d_gradients)
        logits = judge(step, "generator", generate(step, training=True))
        g_loss = cross_entropy(logits, 1.0)
        apply(generator, "generator", gradients(generator, g_loss))
        return d_loss, g_loss

    simultaneous = system.schedule == "simultaneous"
    take_step = step_simultaneous if simultaneous else step_alternating
    for step in range(STEPS):
        d_loss, g_loss = take_step(step)
        results["d_loss"].append(d_loss.item())
        results["g_loss"].append(g_loss.item())
        if average is not None:
            share = 1 - min(system.average_decay, (1 + step) / (10 + step))
            for key, tensor in generator.tensors.items():
                average[key].lerp_(tensor.detach(), share)

    for network in (generator, discriminator):
        for key, tensor in network.tensors.items():
            results[f"final.{key}"] = tensor.detach().numpy()
    for key, tensor in (average or {}).items():
        results[f"final.{common.averaged(key)}"] = tensor.numpy()
    return results


def main():
    torch.set_num_threads(1)
    for name, system in common.chosen_systems().items():
        inputs = common.load(f"{name}-inputs")
        inputs = {k: torch.from_numpy(v) for k, v in inputs.items()}
        common.save(f"{name}-torch", train(system, inputs))


if __name__ == "__main__":
    main()
