"""TensorFlow: the whole step is one tf.function, with XLA or without.

The layers are Keras's, and the updates TensorFlow's own fused ones, which
have Keras's formulas.
"""

import tensorflow as tf

import keras_peer


def cross_entropy(logits, target):
    """In f32, whatever the logits are in."""
    logits = tf.cast(logits, tf.float32)
    return tf.reduce_mean(tf.nn.softplus(logits) - target * logits)


def r1(system, tape, logits, images):
    """gamma / 2 times the mean of |grad D(x)|^2. Samples do not mix: the
    gradient of the sum of logits is that of each by its own image."""
    gradient = tape.gradient(logits, images)
    return system.penalty / 2 * tf.reduce_mean(
        tf.reduce_sum(tf.square(gradient), (1, 2, 3)))


def given(x, *labels):
    """What a network takes."""
    return [x, *labels] if labels else x


class Optimizer:
    """Adam or RMSprop of a network's weights."""

    def __init__(self, settings, network):
        self.settings = settings
        self.weights = [w.value for w in network.trainable_weights]
        self.slots = [[tf.Variable(tf.zeros_like(w)) for _ in range(2)]
                      for w in self.weights]

    def minimize(self, tape, loss, t):
        """Update `t`, counted from 0."""
        self.apply(tape.gradient(loss, self.weights), t)

    def apply(self, gradients, t):
        o, t = self.settings, tf.cast(t, tf.float32)
        for w, (a, b), g in zip(self.weights, self.slots, gradients):
            if o.kind == "adam":
                tf.raw_ops.ResourceApplyAdam(
                    var=w.handle, m=a.handle, v=b.handle, grad=g, lr=o.rate,
                    beta1_power=o.beta1 ** (t + 1), beta1=o.beta1,
                    beta2_power=o.beta2 ** (t + 1), beta2=o.beta2,
                    epsilon=o.epsilon)
            else:
                tf.raw_ops.ResourceApplyRMSProp(
                    var=w.handle, ms=a.handle, mom=b.handle,
                    grad=tf.clip_by_value(g, -o.clip, o.clip),
                    lr=o.rate / (1 + o.decay * t), rho=o.rho, momentum=0.0,
                    epsilon=o.epsilon)


def make(system, peer, batch, threads, bf16):
    gen, disc = keras_peer.networks(system, bf16)
    gen_optimizer, disc_optimizer = map(
        Optimizer, system.optimizers, (gen, disc))
    n = tf.Variable(0)
    now = [w.value for w in gen.weights]
    mean = [tf.Variable(w) for w in now] if system.average else []

    def generate(stream, training, *labels):
        shape, seed = (batch, *system.noise), [stream, n]
        z = (tf.random.stateless_uniform(shape, seed, -1, 1)
             if system.uniform_noise
             else tf.random.stateless_normal(shape, seed))
        return gen(given(z, *labels), training=training)

    def train_disc(images, target, t):
        with tf.GradientTape() as tape:
            loss = cross_entropy(disc(images, training=True), target)
        disc_optimizer.minimize(tape, loss, t)
        return loss

    def train_gen():
        with tf.GradientTape() as tape:
            fakes = generate(1, training=True)
            loss = cross_entropy(disc(fakes, training=True), 1)
        gen_optimizer.minimize(tape, loss, n)
        return loss

    def separate(real):
        fakes = generate(0, training=False)
        on_real = train_disc(real, 1, 2 * n)
        on_fake = train_disc(fakes, 0, 2 * n + 1)
        return (on_real + on_fake) / 2, train_gen()

    def concatenated(real):
        fakes = generate(0, training=False)
        images = tf.concat([tf.cast(real, fakes.dtype), fakes], 0)
        target = tf.repeat([system.real_target, 0.0], batch)[:, None]
        return train_disc(images, target, n), train_gen()

    def real_loss(real, *labels):
        """With the penalty, if there is one, of the same pass."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(real)
            logits = disc(given(real, *labels), training=True)
        loss = cross_entropy(logits, 1)
        return loss + r1(system, tape, logits, real) if system.penalty else (
            loss)

    def simultaneous(real, *labels):
        with tf.GradientTape(persistent=True) as tape:
            fakes = generate(1, True, *labels)
            logits = disc(given(fakes, *labels), training=True)
            g_loss = cross_entropy(logits, 1)
            d_loss = cross_entropy(logits, 0) + real_loss(real, *labels)
        gradients = [tape.gradient(loss, optimizer.weights)
                     for loss, optimizer in ((g_loss, gen_optimizer),
                                             (d_loss, disc_optimizer))]
        gen_optimizer.apply(gradients[0], n)
        disc_optimizer.apply(gradients[1], n)
        return d_loss, g_loss

    schedules = {"separate": separate, "concatenated": concatenated,
                 "simultaneous": simultaneous}

    @tf.function(jit_compile=peer == "tf-xla")
    def train(*batch):
        losses = schedules[system.schedule](*batch)
        t = tf.cast(n, tf.float32)
        for a, b in zip(mean, now):
            decay = tf.minimum(system.average, (1 + t) / (10 + t))
            a.assign_add((1 - decay) * (b - a))
        n.assign_add(1)
        return losses

    return tf.__version__, lambda *batch: [x.numpy() for x in train(*batch)]
