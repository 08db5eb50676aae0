"""A small GAN in PyTorch whose every training choice is a field, for the search of the flagship's recipe.

One training step is one CUDA graph, so that many recipes train side by side on one device. The metrics are those of
`ganymede evaluate`, with the same classifier.
"""

import dataclasses
import gzip
import json
import math
import pathlib
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional as F

RESOURCES = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "CResources"


@dataclasses.dataclass
class Recipe:
    """A GAN and how it is trained. Widths are channels at a quarter, a half and the full side."""

    generator: tuple = (64, 32, 32)  # two widths: the last transposed convolution makes the image
    discriminator: tuple = (32, 64, 128)
    kernel: int = 4
    latent: int = 64
    embedding: int = 16
    embedding_scale: float = 1.0
    conditional: bool = True
    norm: str = "batch"  # or none
    loss: str = "ns"  # ns, relativistic, hinge
    gamma: float = 1.0
    sigma: float = 0.05
    sides: str = "real"  # or both
    alternating: bool = False
    batch: int = 64
    steps: int = 3000
    lr_g: float = 5e-4
    lr_d: float = 5e-4
    beta1: float = 0.0
    beta2: float = 0.99
    hold: float = 0.5  # the share of the steps before the learning rate falls linearly to 0
    ema: float = 0.998
    gamma_end: float = 1.0  # gamma falls to this share of itself over the run
    pack: int = 1
    data: str = "mnist"
    seed: int = 0


# MARK: Data


def idx(name):
    raw = gzip.decompress((RESOURCES / "mnist" / f"{name}.gz").read_bytes())
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return numpy.frombuffer(raw, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def mnist(device):
    images = torch.tensor(idx("train-images-idx3-ubyte")).to(device)[:, None]
    labels = torch.tensor(idx("train-labels-idx1-ubyte").astype(numpy.int64)).to(device)
    return images, labels


# MARK: Networks


def conv_same(x, conv):
    """TensorFlow's `same` padding."""
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    size = x.shape[2]
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    before = total // 2
    return conv(F.pad(x, (before, total - before, before, total - before)))


class Generator(nn.Module):
    def __init__(self, r, channels):
        super().__init__()
        self.widths = r.generator
        self.embed = nn.Embedding(10, r.embedding) if r.conditional else None
        inputs = r.latent + (r.embedding if r.conditional else 0)
        first = self.widths[0]
        biased = r.norm == "none"
        self.dense = nn.Linear(inputs, 49 * first, bias=biased)
        steps = list(self.widths[1:3])
        self.deconvs = nn.ModuleList()
        before = first
        for width in steps:
            self.deconvs.append(
                nn.ConvTranspose2d(before, width, r.kernel, 2, (r.kernel - 1) // 2,
                                   output_padding=r.kernel % 2, bias=biased))
            before = width
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(w, eps=1e-3, momentum=0.1) if r.norm == "batch" else nn.Identity()
            for w in [first] + steps)
        if len(self.widths) == 3:
            self.last = nn.Conv2d(before, channels, 3, 1, 1)
        else:
            self.last = nn.ConvTranspose2d(before, channels, r.kernel, 2, (r.kernel - 1) // 2,
                                           output_padding=r.kernel % 2)

    def forward(self, z, labels=None):
        if self.embed is not None:
            z = torch.cat([z, self.embed(labels)], 1)
        x = self.dense(z).reshape(-1, self.widths[0], 7, 7)
        x = F.leaky_relu(self.norms[0](x), 0.2)
        for deconv, norm in zip(self.deconvs, self.norms[1:]):
            x = F.leaky_relu(norm(deconv(x)), 0.2)
        return torch.tanh(self.last(x))


class Discriminator(nn.Module):
    def __init__(self, r, channels):
        super().__init__()
        self.pack = r.pack
        before = channels * r.pack
        self.convs = nn.ModuleList()
        for index, width in enumerate(r.discriminator):
            self.convs.append(nn.Conv2d(before, width, r.kernel if index < 2 else 3, 2))
            before = width
        self.dense = nn.Linear(before * 16, 1)
        self.project = nn.Embedding(10, before * 16) if r.conditional else None

    def forward(self, x, labels=None):
        if self.pack > 1:
            x = x.reshape(-1, x.shape[1] * self.pack, 28, 28)
            labels = None if labels is None else labels[:: self.pack]
        for conv in self.convs:
            x = F.leaky_relu(conv_same(x, conv), 0.2)
        x = x.flatten(1)
        logits = self.dense(x)
        if self.project is not None:
            logits = logits + (self.project(labels) * x).sum(1, keepdim=True)
        return logits


def initialize(module):
    for name, parameter in module.named_parameters():
        if "embed" in name:
            nn.init.normal_(parameter, 0, 1)
        elif "project" in name:
            nn.init.normal_(parameter, 0, 0.02)
        elif parameter.ndim >= 2:
            nn.init.xavier_uniform_(parameter)
        elif "bias" in name:
            nn.init.zeros_(parameter)


# MARK: Training


class Training:
    """A recipe's networks with one step as a function of tensors on the device alone."""

    def __init__(self, r, images, labels):
        torch.manual_seed(r.seed)
        self.random = torch.Generator(images.device).manual_seed(r.seed)
        self.r, self.images, self.labels = r, images, labels
        device = images.device
        self.channels = 3 if r.data == "stacked-mnist" else 1
        self.g = Generator(r, self.channels).to(device)
        self.d = Discriminator(r, self.channels).to(device)
        initialize(self.g)
        initialize(self.d)
        if r.conditional:
            with torch.no_grad():
                self.g.embed.weight.mul_(r.embedding_scale)
        self.average = Generator(r, self.channels).to(device)
        self.average.load_state_dict(self.g.state_dict())
        self.step = torch.zeros((), device=device)
        self.rates = [torch.zeros((), device=device) for _ in range(2)]
        options = dict(betas=(float(r.beta1), float(r.beta2)), eps=1e-7)
        if device.type == "cuda":
            options |= dict(capturable=True, fused=True)
        self.og = torch.optim.Adam(self.g.parameters(), lr=self.rates[0], **options)
        self.od = torch.optim.Adam(self.d.parameters(), lr=self.rates[1], **options)
        self.graph = None

    def real(self):
        r = self.r
        count = len(self.images)
        if self.channels == 3:
            pick = torch.randint(0, count, (r.batch, 3), device=self.images.device, generator=self.random)
            x = self.images[pick.flatten(), 0].reshape(r.batch, 3, 28, 28)
            return x / 127.5 - 1, None
        if r.conditional and r.pack > 1:
            raise ValueError("packing is unconditional here")
        pick = torch.randint(0, count, (r.batch,), device=self.images.device, generator=self.random)
        return self.images[pick] / 127.5 - 1, self.labels[pick] if r.conditional else None

    def normal(self, x):
        return torch.randn(x.shape, device=x.device, generator=self.random)

    def gamma(self):
        r = self.r
        share = self.step / r.steps
        return r.gamma * (1 + (r.gamma_end - 1) * share)

    def losses(self, real, fake):
        r = self.r
        if r.loss == "ns":
            return F.softplus(-real).mean() + F.softplus(fake).mean(), None
        if r.loss == "hinge":
            return F.relu(1 - real).mean() + F.relu(1 + fake).mean(), None
        return F.softplus(fake - real).mean(), None

    def generator_loss(self, real, fake):
        if self.r.loss == "ns":
            return F.softplus(-fake).mean()
        if self.r.loss == "hinge":
            return -fake.mean()
        return F.softplus(real - fake).mean()

    def run_step(self):
        r = self.r
        fall = ((r.steps - self.step) / max(r.steps * (1 - r.hold), 1)).clamp(0, 1)
        self.rates[0].copy_(r.lr_g * fall)
        self.rates[1].copy_(r.lr_d * fall)
        real, labels = self.real()
        z = torch.randn(r.batch, r.latent, device=real.device, generator=self.random)
        fake = self.g(z, labels)
        parts = [real, fake.detach()]
        if r.gamma > 0:
            parts.append(real + r.sigma * self.normal(real))
            if r.sides == "both":
                parts.append(fake.detach() + r.sigma * self.normal(real))
        tags = None if labels is None else labels.repeat(len(parts))
        outs = self.d(torch.cat(parts), tags).chunk(len(parts))
        loss, _ = self.losses(outs[0], outs[1])
        if r.gamma > 0:
            weight = self.gamma() / (2 * r.sigma**2)
            loss = loss + weight * (outs[2] - outs[0]).square().mean()
            if r.sides == "both":
                loss = loss + weight * (outs[3] - outs[1]).square().mean()
        dgrads = torch.autograd.grad(loss, list(self.d.parameters()))
        if r.alternating:
            self.apply(self.d, dgrads, self.od)
        for parameter in self.d.parameters():
            parameter.requires_grad_(False)
        onfake = self.d(fake, labels)
        onreal = self.d(real, labels) if r.loss == "relativistic" else None
        ggrads = torch.autograd.grad(self.generator_loss(onreal, onfake), list(self.g.parameters()))
        for parameter in self.d.parameters():
            parameter.requires_grad_(True)
        if not r.alternating:
            self.apply(self.d, dgrads, self.od)
        self.apply(self.g, ggrads, self.og)
        self.step += 1
        decay = ((1 + self.step) / (10 + self.step)).clamp(max=r.ema)
        with torch.no_grad():
            mine = [*self.average.parameters(), *[b for b in self.average.buffers() if b.is_floating_point()]]
            theirs = [*self.g.parameters(), *[b for b in self.g.buffers() if b.is_floating_point()]]
            for average, value in zip(mine, theirs):
                average.add_((value - average) * (1 - decay))

    @staticmethod
    def apply(module, gradients, optimizer):
        for parameter, gradient in zip(module.parameters(), gradients):
            parameter.grad = gradient
        optimizer.step()

    def capture(self):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.run_step()
        stream.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.random)
        with torch.cuda.graph(self.graph, stream=stream):
            self.run_step()
        self.stream = stream

    def launch(self):
        with torch.cuda.stream(self.stream):
            self.graph.replay()

    @torch.no_grad()
    def samples(self, count, seed=1):
        self.average.eval()
        generator = torch.Generator(self.images.device).manual_seed(seed)
        made = []
        for start in range(0, count, 1000):
            size = min(1000, count - start)
            z = torch.randn(size, self.r.latent, device=self.images.device, generator=generator)
            labels = (torch.arange(start, start + size, device=z.device) % 10) if self.r.conditional else None
            x = self.average(z, labels)
            made.append(((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))
        return torch.cat(made)


# MARK: Metrics


class Evaluator:
    def __init__(self, device, name="mnist"):
        raw = (RESOURCES / "evaluators" / f"{name}.safetensors").read_bytes()
        size = struct.unpack("<Q", raw[:8])[0]
        header = json.loads(raw[8 : 8 + size])
        about = json.loads(header.pop("__metadata__")["evaluator"])
        self.temperature = about["temperature"]
        self.w = {}
        for key, entry in header.items():
            a, b = entry["data_offsets"]
            values = numpy.frombuffer(raw[8 + size + a : 8 + size + b], numpy.float32)
            self.w[key] = torch.tensor(values.reshape(entry["shape"])).to(device)

    def norm(self, x, index):
        w = {k: self.w[f"features.batch_norm{index}.{k}"] for k in ("gamma", "beta", "moving_mean", "moving_variance")}
        scale = w["gamma"] / (w["moving_variance"] + 1e-3).sqrt()
        shift = w["beta"] - w["moving_mean"] * scale
        shape = (1, -1, 1, 1) if x.ndim == 4 else (1, -1)
        return F.relu(x * scale.reshape(shape) + shift.reshape(shape))

    @torch.no_grad()
    def __call__(self, images):
        features, probabilities = [], []
        for chunk in images.split(2000):
            x = chunk.float() / 127.5 - 1
            for index, stride in enumerate((1, 2, 1, 2, 2), 1):
                weight = self.w[f"features.conv2d{index}.weight"].permute(3, 2, 0, 1)
                size = x.shape[2]
                total = max((math.ceil(size / stride) - 1) * stride + 3 - size, 0)
                x = F.pad(x, (total // 2, total - total // 2) * 2)
                x = self.norm(F.conv2d(x, weight, stride=stride), index)
            x = x.permute(0, 2, 3, 1).flatten(1)
            x = self.norm(x @ self.w["features.dense1.weight"], 6)
            logits = x @ self.w["head.dense1.weight"] + self.w["head.dense1.bias"]
            features.append(x)
            probabilities.append((logits / self.temperature).softmax(1))
        return torch.cat(features), torch.cat(probabilities)


def radii(x, k):
    return torch.cat([torch.cdist(c, x).kthvalue(k + 1, 1).values for c in x.split(2000)])


def frechet(a, b):
    a, b = a.double(), b.double()
    ma, mb = a.mean(0), b.mean(0)
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(ca)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    middle = torch.linalg.eigvalsh(root @ cb @ root).clamp(min=0).sqrt().sum()
    return float((ma - mb).square().sum() + ca.trace() + cb.trace() - 2 * middle)


class Metrics:
    """Metrics of sets of samples beside one set of real images."""

    def __init__(self, evaluator, images, count=10000):
        self.evaluator = evaluator
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        self.real, self.real_p = evaluator(images[order[:count].to(images.device)])
        self.radius3, self.radius5 = radii(self.real, 3), radii(self.real, 5)

    def __call__(self, samples):
        x, p = self.evaluator(samples)
        own3 = radii(x, 3)
        inside3 = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        covered = torch.zeros(len(self.real), dtype=torch.bool, device=x.device)
        recalled = covered.clone()
        for start in range(0, len(x), 2000):
            d = torch.cdist(x[start : start + 2000], self.real)
            inside3[start : start + 2000] = (d <= self.radius3).any(1)
            covered |= (d <= self.radius5).any(0)
            recalled |= (d <= own3[start : start + 2000, None]).any(0)
        prior = p.mean(0, keepdim=True)
        score = (p * ((p + 1e-12).log() - (prior + 1e-12).log())).sum(1).mean().exp()
        accuracy = (p.argmax(1) == torch.arange(len(p), device=p.device) % 10).float().mean()
        return dict(
            fid=frechet(x, self.real), score=float(score), precision=float(inside3.float().mean()),
            recall=float(recalled.float().mean()), coverage=float(covered.float().mean()),
            right=float(accuracy))


def stacked(evaluator, samples):
    """Modes hit and KL to the uniform distribution over the 1,000 classes of stacks."""
    digits = [evaluator(samples[:, c : c + 1])[1].argmax(1) for c in range(3)]
    code = digits[0] * 100 + digits[1] * 10 + digits[2]
    share = torch.bincount(code, minlength=1000).double() / len(code)
    positive = share[share > 0]
    return dict(modes=int((share > 0).sum()), kl=float((positive * (positive * 1000).log()).sum()))
