import Ganymede

// example-your-own-kinds train RUN [STEPS]    trains a GAN of custom kinds
// example-your-own-kinds resume RUN STEPS     resumes it, in another process
// example-your-own-kinds generate RUN         loads it and generates samples
let registry = Registry.standard
    .adding(Swish.self).adding(LeastSquares.self).adding(Lion.self)
    .adding(SeveralCriticSteps.self)

let arguments = Array(CommandLine.arguments.dropFirst())
let run = arguments.count > 1 ? arguments[1] : "runs/own-kinds"
let steps = arguments.count > 2 ? Int(arguments[2]) ?? 200 : 200

switch arguments.first ?? "train" {
case "resume":
    let outcome = try Trainer.resume(run, steps: steps, registry: registry)
    print("resumed to step \(outcome.step)")
case "generate":
    let model = try Model.load(run, registry: registry)
    print("made \(try model.generate(seeds: 0..<16).count) \(model.extent)")
default:
    let gan = try GAN(
        generator: Sequential("generator", input: [32]) {
            Dense(128)
            Swish()
            Dense(28 * 28)
            Tanh()
            Reshape(28, 28, 1)
        },
        discriminator: Sequential("discriminator", input: [28, 28, 1]) {
            Flatten()
            Dense(128)
            Swish()
            Dense(1)
        },
        loss: LeastSquares(), step: SeveralCriticSteps(),
        generatorOptimizer: Lion(), discriminatorOptimizer: Lion())
    let trainer = Trainer(
        gan, data: .mnist, config: .init(batch: 64, steps: steps), registry: registry)
    for try await event in trainer.events(into: run) {
        if case .step(let report, _) = event, report.step % 50 == 0 {
            print("step \(report.step)", report.others)
        }
    }
}
