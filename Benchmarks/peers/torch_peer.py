"""PyTorch: eager, eager with channels last, or compiled with channels last.

`padding=2` puts the odd pixel of 'same' where TensorFlow does not, before
the image: every network is the mirror image of TensorFlow's, and computes
what that computes of mirrored images with mirrored kernels.
"""

import copy
from types import SimpleNamespace

import torch
from torch import nn

import systems


class Reshape(nn.Module):
    """To an image; channels last costs nothing but an order of weights."""

    def __init__(self, shape, last):
        super().__init__()
        self.shape, self.last = shape, last

    def forward(self, x):
        height, width, channels = self.shape
        if self.last:
            return x.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return x.view(-1, channels, height, width)


class Flatten(nn.Module):
    """From an image, in the order in which it is stored."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def forward(self, x):
        return (x.permute(0, 2, 3, 1) if self.last else x).flatten(1)


class Embedding(nn.Module):
    """Appends the vector of each sample's class."""

    def __init__(self, classes, width):
        super().__init__()
        self.vectors = nn.Embedding(classes, width)  # Standard normal.

    def forward(self, x, labels):
        return torch.cat([x, self.vectors(labels)], 1)


class Projection(nn.Module):
    """A logit; products with all classes' vectors, as they are cheap."""

    def __init__(self, classes, width):
        super().__init__()
        self.dense = nn.Linear(width, 1)
        self.vectors = nn.Linear(width, classes, bias=False)
        nn.init.normal_(self.vectors.weight, std=0.02)

    def forward(self, x, labels):
        return self.dense(x) + self.vectors(x).gather(1, labels[:, None])


class Network(nn.Sequential):
    """Layers in a row, of which some take labels, too."""

    def forward(self, x, labels=None):
        for m in self:
            takes = isinstance(m, (Embedding, Projection))
            x = m(x, labels) if takes else m(x)
        return x


def module(item, shape, last):
    """The PyTorch module for one of our layers."""
    width = shape[-1]
    match item.kind:
        case "dense":
            return nn.Linear(width, item.units, item.bias)
        case "conv":
            padding = (item.kernel - 1) // 2 if item.padding == "same" else 0
            return nn.Conv2d(width, item.units, item.kernel, item.stride,
                             padding, bias=item.bias)
        case "conv_transpose":
            padding = (item.kernel - 1) // 2
            return nn.ConvTranspose2d(
                width, item.units, item.kernel, item.stride, padding,
                item.stride + 2 * padding - item.kernel, bias=item.bias)
        case "batch_norm":
            kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
            return kind(width, item.epsilon, 1 - item.momentum)
        case "leaky_relu":
            return nn.LeakyReLU(item.slope)
        case "dropout":
            return nn.Dropout(item.rate)
        case "up_sampling":
            return nn.Upsample(scale_factor=2)
        case "reshape":
            return Reshape(item.shape, last)
        case "flatten":
            return Flatten(last)
        case "class_embedding":
            return Embedding(item.classes, item.width)
        case "class_projection":
            return Projection(item.classes, width)
        case kind:
            return {"relu": nn.ReLU, "tanh": nn.Tanh,
                    "sigmoid": nn.Sigmoid}[kind]()


def networks(system, last):
    """Generator and discriminator; the latter gives logits."""
    pair = [Network(*(module(item, at, last)
                      for item, at in systems.placed(items, shape)))
            for shape, items in ((system.noise, system.generator),
                                 (systems.IMAGE, system.discriminator))]
    for network in pair:
        for m in [getattr(m, "dense", m) for m in network]:
            if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.xavier_uniform_(m.weight)  # As Keras does.
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
        if last:
            network.to(memory_format=torch.channels_last)
    systems.check_parameters(system, [
        sum(x.numel() for x in network.state_dict().values() if x.ndim)
        for network in pair])
    return pair


class Optimizer:
    """PyTorch's Adam, fused, or its RMSprop, which is not on CPU."""

    def __init__(self, settings, network):
        self.settings, self.updates = settings, 0
        self.weights = list(network.parameters())
        s, weights = settings, self.weights
        self.native = (
            torch.optim.Adam(weights, s.rate, (s.beta1, s.beta2), s.epsilon,
                             fused=True)
            if s.kind == "adam" else
            torch.optim.RMSprop(weights, s.rate, s.rho, s.epsilon))

    def apply(self, gradients):
        for w, g in zip(self.weights, gradients):
            # The fused update takes it that both are stored alike.
            w.grad = (g if g.stride() == w.stride()
                      else torch.empty_like(w).copy_(g))
        s = self.settings
        if s.kind == "rmsprop":
            nn.utils.clip_grad_value_(self.weights, s.clip)
            self.set_rate(s.rate / (1 + s.decay * self.updates))
        self.native.step()
        self.updates += 1

    def set_rate(self, rate):
        for group in self.native.param_groups:
            group["lr"] = rate


class Average:
    """A network's weights and statistics, averaged as by torch.optim's own
    get_ema_multi_avg_fn, with a smaller decay in the first steps."""

    def __init__(self, decay, network):
        self.decay, self.updates, self.network = decay, 0, network
        self.now = averaged(network)
        self.mean = [x.clone() for x in self.now]

    def update(self):
        t = self.updates
        decay = min(self.decay, (1 + t) / (10 + t))
        torch._foreach_lerp_(self.mean, self.now, 1 - decay)
        self.updates += 1

    def averaged_network(self):
        """A copy of the network with the averages, in inference mode."""
        network = copy.deepcopy(self.network).eval()
        for x, mean in zip(averaged(network), self.mean):
            x.copy_(mean)
        return network


def averaged(network):
    """All but the number of batches that batch normalization has seen."""
    return [x for x in network.state_dict().values() if x.ndim]


def cross_entropy(logits, target):
    """In f32, whatever the logits are in."""
    logits = logits.float()
    return nn.functional.binary_cross_entropy_with_logits(
        logits, target.expand_as(logits))


def r1(system, logits, images):
    """gamma / 2 times the mean of |grad D(x)|^2. Samples do not mix: the
    gradient of the sum of logits is that of each by its own image."""
    gradient, = torch.autograd.grad(
        logits.float().sum(), images, create_graph=True)
    return system.penalty / 2 * gradient.square().sum((1, 2, 3)).mean()


def make(system, peer, batch, threads, bf16):
    return torch.__version__, build(system, peer, batch, threads, bf16).step


def build(system, peer, batch, threads, bf16):
    """The step, and of its parts those that a whole training needs."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    last = system.convolutional and peer != "torch"
    gen, disc = networks(system, last)
    gen_optimizer, disc_optimizer = map(
        Optimizer, system.optimizers, (gen, disc))
    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    both = torch.tensor([system.real_target, 0.0])
    both = both.repeat_interleave(batch)[:, None]
    average = Average(system.average, gen) if system.average else None

    def run(network, x, labels=None):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return network(x, labels)

    def noise():
        shape = system.noise  # Its one channel, if it has any, goes first.
        shape = (batch, *shape[2:], *shape[:2])
        return (torch.rand(shape) * 2 - 1 if system.uniform_noise
                else torch.randn(shape))

    @torch.no_grad()
    def infer():
        return run(gen, noise())

    def disc_slope(images, target):
        loss = cross_entropy(run(disc, images), target)
        return loss.detach(), torch.autograd.grad(loss, disc_optimizer.weights)

    def gen_slope():
        loss = cross_entropy(run(disc, run(gen, noise())), one)
        return loss.detach(), torch.autograd.grad(loss, gen_optimizer.weights)

    def real_loss(real, labels):
        """With the penalty, if there is one, of the same pass."""
        logits = run(disc, real, labels)
        loss = cross_entropy(logits, one)
        return loss + r1(system, logits, real) if system.penalty else loss

    def both_slopes(real, labels):
        """Both gradients from one pass of fakes."""
        logits = run(disc, run(gen, noise(), labels), labels)
        g_loss = cross_entropy(logits, one)
        d_loss = real_loss(real, labels) + cross_entropy(logits, zero)
        return (d_loss.detach(), g_loss.detach(),
                torch.autograd.grad(g_loss, gen_optimizer.weights,
                                    retain_graph=True),
                torch.autograd.grad(d_loss, disc_optimizer.weights))

    if peer == "torch-compile":  # Each pass and its gradient is one graph.
        torch._dynamo.config.trace_autograd_ops = True
        infer, disc_slope, gen_slope, both_slopes = [
            torch.compile(f, fullgraph=True)
            for f in (infer, disc_slope, gen_slope, both_slopes)]

    def fakes():
        gen.eval()
        images = infer()
        gen.train()
        return images

    def train_disc(images, target):
        loss, gradients = disc_slope(images, target)
        disc_optimizer.apply(gradients)
        return loss

    def train_gen():
        loss, gradients = gen_slope()
        gen_optimizer.apply(gradients)
        return loss

    def separate(real):
        images = fakes()
        on_real = train_disc(real, one)
        on_fake = train_disc(images, zero)
        return (on_real + on_fake) / 2, train_gen()

    def concatenated(real):
        images = torch.cat([real, fakes()])
        return train_disc(images, both), train_gen()

    def simultaneous(real, labels=None):
        d_loss, g_loss, gen_gradients, disc_gradients = both_slopes(
            real, labels)
        gen_optimizer.apply(gen_gradients)
        disc_optimizer.apply(disc_gradients)
        return d_loss, g_loss

    schedule = {"separate": separate, "concatenated": concatenated,
                "simultaneous": simultaneous}[system.schedule]

    def tensors(real, *labels):
        height, width, channels = systems.IMAGE
        real = torch.from_numpy(real).view(batch, channels, height, width)
        real.requires_grad_(bool(system.penalty))
        return real, *(torch.from_numpy(x).long() for x in labels)

    def step(*inputs):
        losses = schedule(*tensors(*inputs))
        if average:
            average.update()
        return [loss.item() for loss in losses]

    def prepare(*inputs):
        """Compiles a simultaneous step, which changes nothing else."""
        kept = copy.deepcopy(gen.state_dict())
        both_slopes(*tensors(*inputs))
        gen.load_state_dict(kept)

    def set_rate(rate):
        gen_optimizer.set_rate(rate)
        disc_optimizer.set_rate(rate)

    return SimpleNamespace(step=step, prepare=prepare, set_rate=set_rate,
                           average=average)
