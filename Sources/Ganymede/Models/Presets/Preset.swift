/// A GAN known by name: a function of the images' side and channels, or a GAN for points of the plane.
///
/// To add one, write a file like `MLP.swift` and its line in ``Presets/all``.
public struct Preset: Sendable {
    /// The length of training and the intervals of samples and checkpoints, in the units of its source.
    public enum Pace: Sendable {
        /// In training steps.
        case steps(Int, sampleEvery: Int, checkpointEvery: Int)
        /// In epochs of `of` steps; nil for a pass over the data.
        case epochs(Int, of: Int?, sampleEvery: Int, checkpointEvery: Int)
    }

    /// The value of `--preset`.
    public let name: String
    /// One line for a list.
    public let about: String
    /// Supported sides in pixels, ascending; empty if it makes points.
    public let sizes: [Int]
    /// Images in a batch.
    public let batch: Int
    /// The length of training.
    public let pace: Pace
    /// Rows and columns of its grids of samples.
    public let grid: [Int]
    /// Steps whose sample grids are shown side by side.
    public var milestones: [Int] = []
    /// Whether it is conditional on data with labels.
    public let readsLabels: Bool
    /// The images that a GAN is made for.
    public struct Subject: Sendable {
        /// Side in pixels.
        public var size: Int
        /// 1 for grey, 3 for colour.
        public var channels: Int
        /// The number of classes, for a conditional GAN; nil for one without.
        public var classes: Int?
        /// The number of images; nil if unknown.
        public var count: Int?

        /// Images of a side and a number of channels, of a number of classes or none.
        public init(size: Int, channels: Int, classes: Int? = nil, count: Int? = nil) {
            self.size = size
            self.channels = channels
            self.classes = classes
            self.count = count
        }
    }
    /// Makes the GAN.
    public typealias Maker = @Sendable (_ subject: Subject) throws -> GAN
    /// The GAN for images, or for points whatever the subject.
    public let make: Maker

    /// A preset. One of your own goes into a ``Registry``.
    public init(
        name: String, about: String, sizes: [Int], batch: Int, pace: Pace, grid: [Int] = [5, 5],
        milestones: [Int] = [],
        make: @escaping @Sendable (_ size: Int, _ channels: Int) throws -> GAN
    ) {
        self.init(
            name: name, about: about, sizes: sizes, batch: batch, pace: pace, grid: grid,
            milestones: milestones, readsLabels: false
        ) { try make($0.size, $0.channels) }
    }

    /// A preset that depends on the data: `make` gets the number of images, and of classes if they have labels. It is
    /// conditional on data with labels if `readsLabels`.
    public init(
        adapting name: String, readsLabels: Bool, about: String, sizes: [Int], batch: Int,
        pace: Pace,
        grid: [Int] = [5, 5], milestones: [Int] = [], make: @escaping Maker
    ) {
        self.init(
            name: name, about: about, sizes: sizes, batch: batch, pace: pace, grid: grid,
            milestones: milestones, readsLabels: readsLabels, make: make)
    }

    private init(
        name: String, about: String, sizes: [Int], batch: Int, pace: Pace, grid: [Int],
        milestones: [Int], readsLabels: Bool, make: @escaping Maker
    ) {
        self.name = name
        self.about = about
        self.sizes = sizes
        self.batch = batch
        self.pace = pace
        self.grid = grid
        self.milestones = milestones
        self.readsLabels = readsLabels
        self.make = make
    }

    /// All sides from 4 to 128.
    static let anySide = Array(4...128)
    /// Sides that can be halved twice.
    static let quarterableSides = Array(stride(from: 8, through: 128, by: 4))

    /// Whether its samples are points of the plane.
    public var makesPoints: Bool { sizes.isEmpty }

    /// The GAN for images with a side of `size` pixels (default 28) and `channels` channels (default 1), or for points;
    /// conditional on `classes` classes if there are any and it reads labels. Throws a usage error if it does not support
    /// them.
    public func gan(
        size: Int? = nil, channels: Int? = nil, classes: Int? = nil, count: Int? = nil
    ) throws -> GAN {
        if makesPoints {
            guard size == nil && channels == nil else {
                throw GanymedeError.invalidOption(
                    "\(name) makes points of the plane: it takes no \(option: "size") and no \(option: "channels")"
                )
            }
            return try make(Subject(size: 0, channels: 0))
        }
        let (size, channels) = (size ?? 28, channels ?? 1)
        guard channels == 1 || channels == 3 else {
            throw GanymedeError.invalidOption("\(option: "channels") is 1 or 3, not \(channels)")
        }
        guard sizes.contains(size) else {
            let nearest = sizes.min { abs($0 - size) < abs($1 - size) } ?? 28
            throw GanymedeError.invalidOption(
                "\(name) cannot make images of \(size) pixels; the nearest it can is \(nearest)")
        }
        return try make(
            Subject(
                size: size, channels: channels, classes: readsLabels ? classes : nil, count: count))
    }

    /// Its default length and intervals, for batches of `batch` out of `images` images.
    public func training(batch: Int, images: Int) -> TrainingConfig {
        var training = TrainingConfig(
            batch: batch, threads: Machine.processors, grid: grid, milestones: milestones)
        switch pace {
        case .steps(let steps, let samples, let checkpoints):
            (training.steps, training.sampleEvery, training.checkpointEvery) = (
                steps, samples, checkpoints
            )
        case .epochs(let epochs, let steps, let samples, let checkpoints):
            let epoch = steps ?? max(images / max(batch, 1), 1)
            training.epochSteps = steps
            training.announceSamples = true
            (training.steps, training.sampleEvery, training.checkpointEvery) = (
                epochs * epoch, samples * epoch, checkpoints * epoch
            )
        }
        return training
    }
}

/// Every preset.
public enum Presets {
    /// The presets of the library. The first is the default of `ganymede train`.
    public static let all: [Preset] = [
        .flagship, .stacked, .points, .mlp, .dcgan, .dense, .convDiscriminator, .allConv, .forger,
        .toy,
    ]

    /// The default preset for a data source.
    public static func defaultPreset(for data: DataSource) -> Preset {
        data.holdsPoints ? .points : all[0]
    }

    /// The preset called `name`.
    public static func named(_ name: String) throws -> Preset {
        try Registry.standard.preset(named: name)
    }
}

extension Registry {
    /// Every preset, those of the library first.
    public var presets: [Preset] { Presets.all + added("preset") }

    /// This registry with one more preset. Stops the program if the name is taken.
    public func adding(_ preset: Preset) -> Registry {
        adding(preset, called: [preset.name], to: "preset", among: presets.map(\.name))
    }

    /// The preset called `name`. Throws a usage error if there is none.
    public func preset(named name: String) throws -> Preset {
        if let preset = presets.first(where: { $0.name == name }) { return preset }
        let names = presets.map(\.name)
        throw GanymedeError.unknownName(
            "there is no preset \"\(name)\"." + suggestion(for: name, among: names)
                + " Presets: \(names.joined(separator: ", "))")
    }
}
