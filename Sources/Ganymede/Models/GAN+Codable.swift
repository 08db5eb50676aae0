extension GAN {
    private enum Key: String, CodingKey {
        case generator, discriminator, loss, regularizers, step, noise, pixels
        case generatorOptimizer, discriminatorOptimizer
        case ema, clipNorm, regularizerInterval, augmentation, instanceNoise, packing
        // Written up to version 0.1.0.
        case labelSmoothing, schedule, discriminatorBatch, fakesInInference
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(generator, forKey: .generator)
        try container.encode(discriminator, forKey: .discriminator)
        try container.superEncoder(forKey: .loss).encode(withKind: loss)
        try container.encode(kinds: regularizers, forKey: .regularizers)
        try container.superEncoder(forKey: .step).encode(withKind: step)
        try container.encode(noise, forKey: .noise)
        try container.encode(pixels, forKey: .pixels)
        try container.superEncoder(forKey: .generatorOptimizer)
            .encode(withKind: generatorOptimizer)
        try container.superEncoder(forKey: .discriminatorOptimizer)
            .encode(withKind: discriminatorOptimizer)
        // Written as null if nil, so that --set finds the keys.
        try container.encode(ema, forKey: .ema)
        try container.encode(clipNorm, forKey: .clipNorm)
        try container.encode(regularizerInterval, forKey: .regularizerInterval)
        try container.encode(augmentation, forKey: .augmentation)
        try container.encode(instanceNoise, forKey: .instanceNoise)
        try container.encode(packing, forKey: .packing)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        generator = try container.decode(Sequential.self, forKey: .generator)
        discriminator = try container.decode(Sequential.self, forKey: .discriminator)
        loss = try GAN.loss(container)
        step = try GAN.step(container)
        regularizers =
            container.contains(.regularizers)
            ? try container.decodeKinds(Regularizers.family, forKey: .regularizers) : []
        noise = try container.decodeIfPresent(Noise.self, forKey: .noise) ?? .normal
        pixels = try container.decodeIfPresent(PixelRange.self, forKey: .pixels) ?? .signed
        generatorOptimizer = try container.superDecoder(forKey: .generatorOptimizer)
            .decodeKind(Optimizers.family)
        discriminatorOptimizer = try container.superDecoder(forKey: .discriminatorOptimizer)
            .decodeKind(Optimizers.family)
        ema = try container.decodeIfPresent(WeightAverage.self, forKey: .ema)
        clipNorm = try container.decodeIfPresent(Double.self, forKey: .clipNorm)
        regularizerInterval =
            try container.decodeIfPresent(Int.self, forKey: .regularizerInterval) ?? 1
        augmentation =
            try container.decodeIfPresent([ImageAugmentation].self, forKey: .augmentation) ?? []
        instanceNoise = try container.decodeIfPresent(Schedule.self, forKey: .instanceNoise) ?? 0
        packing = try container.decodeIfPresent(Int.self, forKey: .packing) ?? 1
    }

    /// The loss. Up to version 0.1.0 the label smoothing was a field of the GAN.
    private static func loss(_ container: KeyedDecodingContainer<Key>) throws -> any AdversarialLoss
    {
        let loss: any AdversarialLoss = try container.superDecoder(forKey: .loss)
            .decodeKind(Losses.family)
        guard let smoothing = try container.decodeIfPresent(Double.self, forKey: .labelSmoothing)
        else { return loss }
        return loss is MinimaxLoss
            ? MinimaxLoss(labelSmoothing: smoothing) : NonSaturatingLoss(labelSmoothing: smoothing)
    }

    /// The step. Up to version 0.1.0 it was a schedule with two options.
    private static func step(_ container: KeyedDecodingContainer<Key>) throws -> any TrainingStep {
        guard let schedule = try container.decodeIfPresent(String.self, forKey: .schedule) else {
            return try container.superDecoder(forKey: .step).decodeKind(TrainingSteps.family)
        }
        let batch = try container.decodeIfPresent(String.self, forKey: .discriminatorBatch)
        let inference =
            try container.decodeIfPresent(Bool.self, forKey: .fakesInInference) ?? true
        switch (schedule, batch ?? "separate") {
        case ("simultaneous", _): return SimultaneousStep()
        case ("alternating", "concatenated"): return ConcatenatedStep(fakesInInference: inference)
        case ("alternating", "separate"): return AlternatingStep(fakesInInference: inference)
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .schedule, in: container,
                debugDescription: "there is no schedule \"\(schedule)\" with \"\(batch ?? "")\"")
        }
    }
}

extension GAN: Equatable {
    public static func == (a: GAN, b: GAN) -> Bool {
        a.generator == b.generator && a.discriminator == b.discriminator && a.noise == b.noise
            && a.pixels == b.pixels && a.loss.isEqual(to: b.loss) && a.step.isEqual(to: b.step)
            && a.regularizers.count == b.regularizers.count
            && zip(a.regularizers, b.regularizers).allSatisfy { $0.isEqual(to: $1) }
            && a.generatorOptimizer.isEqual(to: b.generatorOptimizer)
            && a.discriminatorOptimizer.isEqual(to: b.discriminatorOptimizer)
            && a.ema == b.ema && a.clipNorm == b.clipNorm
            && a.regularizerInterval == b.regularizerInterval && a.augmentation == b.augmentation
            && a.instanceNoise == b.instanceNoise && a.packing == b.packing
    }
}
