import Ganymede

let generator = Sequential("generator", input: [64]) {
    for units in [128, 256] {
        Dense(units)
        LeakyReLU(0.2)
        BatchNorm(momentum: 0.8)
    }
    Dense(28 * 28)
    Tanh()
    Reshape(28, 28, 1)
}
let discriminator = Sequential("discriminator", input: [28, 28, 1]) {
    Flatten()
    Dense(256)
    LeakyReLU(0.2)
    Dropout(0.3)
    Dense(1)
}
print(generator.summary())

let gan = try GAN(
    generator: generator, discriminator: discriminator,
    loss: .nonSaturating(labelSmoothing: 0.1),
    generatorOptimizer: Adam(learningRate: 2e-4, beta1: 0.5),
    discriminatorOptimizer: Adam(learningRate: 2e-4, beta1: 0.5))

// Steps may be given on the command line.
let steps = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2_000
let trainer = Trainer(gan, data: .mnist, config: .init(batch: 128, steps: steps))
let run = try trainer.train(into: "runs/demo")
print("Look at \(run.directory.samplesPath)")
