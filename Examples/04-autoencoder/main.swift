import Ganymede

// Training a model that is not a GAN: an autoencoder of digits.
// example-autoencoder [STEPS] [FILE]
let arguments = CommandLine.arguments.dropFirst()
let steps = arguments.first.flatMap { Int($0) } ?? 500

let encoder = Sequential("encoder", input: [28, 28, 1]) {
    Flatten()
    Dense(128)
    ReLU()
    Dense(16)
}
let decoder = Sequential("decoder", input: [16]) {
    Dense(128)
    ReLU()
    Dense(28 * 28)
    Tanh()
    Reshape(28, 28, 1)
}

// The training step as a graph: forward pass, loss, gradients, one update of both networks.
let step = UpdateBuilder(batch: 64)
let images = step.samples([28, 28, 1])
let copies = step.apply(decoder, to: step.apply(encoder, to: images))
let error = copies - images
let loss = (error * error).mean()
let reported = step.report("loss", loss)
step.update(step.gradients(of: loss, by: [encoder, decoder]), with: Adam())

let runner = try StepRunner(
    StepGraph(step), data: DataSource.mnist.load(), batch: 64, seed: 0)
try TrainingLoop(runner, steps: steps).run { progress in
    if progress.step % 100 == 0 {
        print("step \(progress.step)  mean squared error \(runner.value(of: reported))")
    }
    return true
}
let weights = (encoder.variables + decoder.variables).map(\.name)
try runner.store.write(to: arguments.dropFirst().first ?? "autoencoder.safetensors", names: weights)
