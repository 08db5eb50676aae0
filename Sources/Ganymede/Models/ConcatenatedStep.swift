/// Two updates: D on one batch of real images and fakes, then G through the updated D on new noise. D minimises half of
/// its loss, which is the mean over the whole batch.
public struct ConcatenatedStep: TrainingStep {
    public static let kind = "concatenated"
    public static var defaults: ConcatenatedStep? { ConcatenatedStep() }

    /// Whether D's fakes are generated in inference mode, as by Keras's `predict`.
    public var fakesInInference: Bool

    /// A step with one update of each network.
    public init(fakesInInference: Bool = true) { self.fakesInInference = fakesInInference }

    public func build(_ step: StepBuilder) {
        let (gan, batch) = (step.gan, step.batch)
        let real = step.realImages()
        let fakes = step.generate(fakesInInference ? .inference : .training, pass: "discriminator")
        let logits = step.discriminate(concatenate([real, fakes], axis: 0), pass: "discriminator")
        let onReal = logits.slice(axis: 0, 0..<batch)
        let onFake = logits.slice(axis: 0, batch..<2 * batch)

        let loss = gan.loss.discriminator(real: onReal, fake: onFake) * 0.5
        let penalties = step.penalties(real: real, fake: fakes)
        step.minimize(penalties.map { loss + $0 } ?? loss, of: .discriminator)

        step.report(discriminator: loss, real: onReal, fake: onFake)
        step.updateGenerator()
    }
}
