import Engine

/// Looks into the networks of a run: samples of any latent vector, the discriminator's view of an image, every layer's
/// output. Of a run that trains, each look is at the newest weights, and waits for the end of a step.
public final class Inspector: @unchecked Sendable {
    // Programs are made and run inside EngineThread.run, which is a lock.

    /// The networks.
    public let gan: GAN
    /// What the classes are called; nil for a GAN without classes.
    public var classNames: [String]? { sampler.classNames }
    let store: StateStore
    let sampler: Sampler
    private var critic: Critic?
    private var layers: [StepBuilder.Player: LayerProbe] = [:]
    private var surface: DecisionSurface?

    /// Looks into the networks whose variables are in `store`. Call on the engine's thread.
    init(_ gan: GAN, store: StateStore, sampler: Sampler) {
        self.gan = gan
        self.store = store
        self.sampler = sampler
    }

    /// Looks into the latest checkpoint of a run, or a checkpoint. Throws if there is none or it cannot be read.
    public static func load(
        _ path: String, registry: Registry = .standard
    ) throws -> Inspector {
        try EngineThread.run {
            try Checkpoint.using(path) { checkpoint in
                let gan = try checkpoint.gan(registry)
                let store = StateStore()
                try checkpoint.load([gan.generator, gan.discriminator], into: store)
                return Inspector(
                    gan, store: store,
                    sampler: try Sampler(gan, store: store, classNames: checkpoint.classNames))
            }
        }
    }

    // MARK: The latent space

    /// The numbers of a latent vector.
    public var latentCount: Int { gan.generator.input.reduce(1, *) }

    /// What a seed makes; with classes, of the given one or the seed's own.
    public func latent(seed: Int, class number: Int? = nil) -> Latent {
        sampler.latent(seed: seed, class: number)
    }

    /// A latent vector on the way from `a` to `b`, along the generator's path, and moved by `offsets` along fixed random
    /// directions of unit length per number.
    public func latent(
        from a: Latent, to b: Latent, at t: Double, offsets: [Double] = []
    ) -> Latent {
        var made = Latent.between(a, b, t, along: sampler.path)
        for (place, offset) in offsets.enumerated() where offset != 0 {
            let direction = Random.draw(
                .normal, count: latentCount, stream: "studio/direction",
                key: RandomKey(seed: UInt64(place), step: 0))
            for index in made.noise.indices {
                made.noise[index] += Float(offset) * direction[index]
            }
        }
        if gan.noise == .uniform { made.noise = made.noise.map { max(-1, min(1, $0)) } }
        return made
    }

    /// Samples of latent vectors. Throws if the generator makes NaN or infinity.
    public func samples(_ latents: [Latent]) throws -> Samples {
        try sampler.samples(latents).samples
    }

    // MARK: The discriminator

    /// The discriminator's view of an image or a point.
    public struct Opinion: Sendable {
        /// Its logit: positive for real where the loss has its threshold at 0.
        public let logit: Double
        /// Whether it classifies the sample as real.
        public let isReal: Bool
        /// dlogit/dx for each number of the sample.
        public let gradient: [Float]
    }

    /// The discriminator's view of a sample, with the values of the networks' range.
    ///
    /// - Parameters:
    ///   - values: a sample, as many numbers as the generator makes.
    ///   - number: its class, for a conditional GAN.
    public func opinion(on values: [Float], class number: Int? = nil) throws -> Opinion {
        guard values.count == gan.generator.output.reduce(1, *) else {
            throw GanymedeError.mismatch(
                "\(values.count) numbers, and a sample has \(gan.generator.output.reduce(1, *))")
        }
        return try EngineThread.run {
            let critic = try critic ?? Critic(gan, store: store)
            self.critic = critic
            return critic.opinion(on: values, class: number ?? 0)
        }
    }

    /// The values of bytes in the networks' range.
    public func values(of pixels: [UInt8]) -> [Float] {
        let (scale, offset) = gan.pixels.scaling
        return pixels.map { Float($0) * scale + offset }
    }

    // MARK: Layers

    /// A layer of one of the networks and its output for one sample.
    public struct LayerView: Sendable {
        /// Its name, such as `conv1`, and its type.
        public let name, type: String
        /// The shape of its output.
        public let shape: [Int]
        /// The numbers that it learns or keeps.
        public let parameters: Int
        /// Its output, in the order of `shape`.
        public let output: [Float]
    }

    /// Every layer of a network, with its output for the sample of `latent`.
    public func layers(of player: StepBuilder.Player, for latent: Latent) throws -> [LayerView] {
        try EngineThread.run {
            let probe = try layers[player] ?? LayerProbe(gan, player, store: store)
            layers[player] = probe
            return probe.views(latent)
        }
    }

    // MARK: Points

    /// For a GAN of points: how real the discriminator finds the points of a grid over the square [-reach, reach]^2, from 0
    /// to 1, top row first: see ``DecisionSurface``.
    public func surface(reach: Double) throws -> (side: Int, probabilities: [Float]) {
        guard gan.makesPoints else {
            throw GanymedeError.unsupported("only a GAN of points has a surface to draw")
        }
        return try EngineThread.run {
            let surface = try surface ?? DecisionSurface(gan, store: store)
            self.surface = surface
            return (DecisionSurface.side, surface.probabilities(reach: reach))
        }
    }
}

/// The discriminator on one sample, with the gradient of its logit by the sample.
private final class Critic {
    private let gan: GAN
    private let program: Program
    private let logit, gradient: ResultHandle

    init(_ gan: GAN, store: StateStore) throws {
        self.gan = gan
        let builder = GraphBuilder()
        let x = builder.feed("x", TensorType(Shape([1] + gan.generator.output)))
        let classes = gan.classes.map { builder.feed("classes", TensorType([1, $0])) }
        // A discriminator of packs sees a pack of equal samples.
        let copies = concatenate([Tensor](repeating: x, count: gan.packing), axis: 0)
        let output = gan.discriminator(
            gan.packed(copies), Variables(builder), classes: classes, mode: .inference,
            pass: "critic")
        logit = builder.result("logit", output)
        gradient = builder.result("gradient", gradients(of: output, withRespectTo: [x])[0])
        program = try compiling {
            try Program(builder.graph, store: store, startsSoon: true)
        }
    }

    func opinion(on values: [Float], class number: Int) -> Inspector.Opinion {
        program.setFeed("x", values)
        if let count = gan.classes {
            program.setFeed("classes", (0..<count).map { $0 == number ? 1 : 0 })
        }
        program.run()
        let found = Double(program.scalar(logit))
        return Inspector.Opinion(
            logit: found, isReal: found > gan.loss.realThreshold,
            gradient: program.values(of: gradient))
    }
}

/// One network on one sample, with every layer's output.
private final class LayerProbe {
    private let gan: GAN
    private let program: Program
    private let rows: [(name: String, type: String, shape: [Int], parameters: Int)]
    private let results: [ResultHandle]

    init(_ gan: GAN, _ player: StepBuilder.Player, store: StateStore) throws {
        self.gan = gan
        let builder = GraphBuilder()
        let z = builder.feed("z", TensorType(Shape([1] + gan.generator.input)))
        let classes = gan.classes.map { builder.feed("classes", TensorType([1, $0])) }
        let variables = Variables(builder)
        var outputs = gan.generator.outputs(z, variables, classes: classes)
        if player == .discriminator, let made = outputs.last {
            let copies = concatenate([Tensor](repeating: made, count: gan.packing), axis: 0)
            outputs = gan.discriminator.outputs(gan.packed(copies), variables, classes: classes)
        }
        let network = player == .generator ? gan.generator : gan.discriminator
        rows = network.trace().map { row in
            (
                row.name, type(of: row.layer).typeName, row.output,
                row.variables.map(\.shape.count).reduce(0, +)
            )
        }
        results = outputs.enumerated().map { builder.result("layer\($0)", $1) }
        program = try compiling {
            try Program(builder.graph, store: store, startsSoon: true)
        }
    }

    func views(_ latent: Latent) -> [Inspector.LayerView] {
        program.setFeed("z", latent.noise)
        if gan.classes != nil { program.setFeed("classes", latent.classWeights) }
        program.run()
        return zip(rows, results).map { row, result in
            Inspector.LayerView(
                name: row.name, type: row.type, shape: row.shape, parameters: row.parameters,
                output: program.values(of: result))
        }
    }
}

extension Sequential {
    /// The output of every layer for `x`, in inference mode.
    fileprivate func outputs(_ x: Tensor, _ variables: Variables, classes: Tensor?) -> [Tensor] {
        var x = x
        return zip(layers, layerNames).map { layer, layerName in
            let context = LayerContext(
                mode: .inference, frozen: true, path: "\(name).\(layerName)", pass: "probe",
                variables: variables, classWeights: classes)
            x = variables.builder.scoped("\(name)/\(layerName)") { layer.apply(x, context) }
            return x
        }
    }
}
