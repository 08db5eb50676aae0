/// What each key of a configuration means, for `--print-config` and `--set help`.
package struct OptionGuide: Sendable {
    /// One key.
    package struct Entry: Sendable {
        /// The key, or the end of its path.
        package let key: String
        /// What it means, with its unit.
        package let text: String
        /// The values that it takes, if they can be listed, or its range.
        package var values: String?
    }

    /// In the order in which they are printed.
    package let entries: [Entry]

    /// The guide to the keys of the library; kinds come from a registry.
    package init(_ registry: Registry = .standard) {
        func kinds(_ family: KindFamily) -> String {
            registry.kinds(of: family).map { $0.kind }.joined(separator: ", ")
        }
        func cases<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> String
        where Value.RawValue == String {
            type.allCases.map(\.rawValue).joined(separator: ", ")
        }
        let entries: [(String, String, String?)] = [
            (
                "preset", "where the other values start",
                registry.presets.map(\.name).joined(separator: ", ")
            ),
            ("data", "a dataset by name, a folder or a file", "a name, a path"),
            ("size", "side of an image in pixels", "a number that the preset takes"),
            ("channels", "1 for grey, 3 for colour", "1, 3"),
            (
                "class_names", "names of the classes of a conditional GAN, in their order",
                "a list of texts"
            ),
            ("steps", "training steps", "1 on"),
            ("batch", "real images in a batch", "1 to 65536"),
            ("seed", "random seed", "0 on"),
            ("threads", "CPU threads", "1 to 1024"),
            ("precision", "number format of computations", cases(Precision.self)),
            ("backend", "what runs the programs", cases(BackendKind.self)),
            ("sample_every", "steps between sample grids", "1 on"),
            ("checkpoint_every", "steps between checkpoints", "1 on"),
            ("grid", "rows and columns of a sample grid", "1 to 64 each"),
            ("milestones", "steps whose sample grids are shown side by side", "at most 12"),
            ("epoch_steps", "steps in an epoch; null for a pass over the data", "1 on, null"),
            ("announce_samples", "whether a line is printed for each sample grid", "true, false"),
            ("metrics_every", "steps between evaluations; null for none", "1 on, null"),
            ("metrics_samples", "images in an evaluation", "1 on"),
            (
                "health_every",
                "steps between measurements of the run's health; 0 for none, null for a fiftieth of the run",
                "0 on, null"
            ),
            (
                "keep",
                "newest checkpoints that are kept, besides the best and milestones; 0 for all",
                "0 on"
            ),
            (
                "on_nan", "what happens when a step makes NaN or infinity",
                cases(NonFiniteResponse.self)
            ),
            (
                "evaluator", "an evaluator's file; null for the one that comes with the data",
                "a path, null"
            ),
            ("init_from", "a run or checkpoint whose weights are the first ones", "a path, null"),
            ("gan", "the networks and how they are trained", nil),
            ("gan.loss", "the losses of both networks", kinds(Losses.family)),
            ("label_smoothing", "how far the target for real images is below 1", "0 to 1"),
            ("regularizers", "terms of the discriminator's loss", kinds(Regularizers.family)),
            ("weight", "factor in the loss; a number or a schedule", "0 on"),
            ("method", "how the gradient's norm is found", cases(GradientMethod.self)),
            (
                "sigma", "perturbation of finite differences, root mean square per value",
                "above 0 to 1"
            ),
            (
                "regularizer_interval",
                "regularizers are in every n-th step, with n times their weight", "1 to 1000"
            ),
            ("gan.step", "which network is updated on what", kinds(TrainingSteps.family)),
            (
                "fakes_in_inference", "whether the discriminator's fakes use moving statistics",
                "true, false"
            ),
            (
                "discriminator_updates", "updates of the discriminator for one of the generator",
                "1 to 100"
            ),
            ("noise", "distribution of the latent vectors", cases(GAN.Noise.self)),
            ("pixels", "range of pixel values", cases(PixelRange.self)),
            ("generator_optimizer", "how the generator is updated", kinds(Optimizers.family)),
            (
                "discriminator_optimizer", "how the discriminator is updated",
                kinds(Optimizers.family)
            ),
            ("learning_rate", "step size; a number or a schedule", "0 on"),
            ("beta1", "decay of the average of gradients, per update", "0 to below 1"),
            (
                "beta2", "decay of the average of squared gradients; a number or a schedule",
                "0 to below 1"
            ),
            ("rho", "decay of the average of squared gradients, per update", "0 to below 1"),
            ("clip_value", "limit of each value of a gradient; null for none", "0 on, null"),
            ("ema", "average of the generator's weights that makes samples; null for none", nil),
            (
                "ema.decay", "share of the average that is kept in a step; a number or a schedule",
                "0 to below 1"
            ),
            ("warmup", "whether the decay grows from 0.1 with the steps", "true, false"),
            ("decay", "fall of the learning rate per update", "0 on"),
            ("from", "first value of a schedule", "a number"),
            ("to", "last value of a schedule", "a number"),
            ("curve", "course of a schedule", cases(Schedule.Curve.self)),
            ("start", "finished steps when the schedule begins to change", "0 on"),
            ("end", "finished steps when it has changed", "0 on"),
            (
                "clip_norm", "largest norm of a network's gradient; null for no limit",
                "above 0, null"
            ),
            (
                "augmentation", "random changes of all images that the discriminator sees",
                cases(ImageAugmentation.self)
            ),
            (
                "instance_noise",
                "noise on those images, standard deviation; a number or a schedule", "0 on"
            ),
            ("packing", "samples that the discriminator classifies at once", "1 to 16"),
            ("generator", "latent vector to image", nil),
            ("discriminator", "image to logit", nil),
            (
                "name", "first part of the names of a network's variables",
                "a text"
            ),
            ("input", "shape of one sample of the input", "a list of numbers"),
            (
                "layers", "in the order of application; a list replaces all of them",
                kinds(Layers.family)
            ),
            ("kind", "which one it is", nil),
            ("units", "outputs", "1 to 1000000"),
            ("use_bias", "whether a bias is added", "true, false"),
            ("filters", "output channels", "1 to 65536"),
            ("kernel_size", "rows and columns of the kernel", "1 to 256"),
            ("strides", "rows and columns between windows", "1 to 256"),
            ("padding", "zeros around the image", "valid, same, [rows, columns]"),
            (
                "momentum", "share of the old statistic (or velocity) that is kept",
                "from 0 to below 1"
            ),
            ("epsilon", "added to avoid a division by zero", "above 0; 0 too for optimizers"),
            ("negative_slope", "slope below zero", "0 on"),
            ("rate", "share of values that are dropped", "0 to below 1"),
            ("shape", "shape of one sample", "a list of numbers"),
            ("layers.size", "rows and columns that a pixel becomes", "1 to 256"),
            ("pool_size", "rows and columns of the window", "1 to 256"),
            ("before", "zeros above and left", "[rows, columns], 0 on"),
            ("after", "zeros below and right", "[rows, columns], 0 on"),
            ("input_dim", "number of classes", "1 to 65536"),
            ("output_dim", "values in a vector", "1 to 65536"),
            ("class_count", "number of classes", "2 to 256"),
            ("groups", "groups of channels", "a divisor of the channels"),
            ("group_size", "samples in a group", "2 on"),
            ("shortcut", "layers beside the residual; empty for the identity", "a list of layers"),
            ("scale", "factor of the residual", "a number"),
            ("layer", "the layer inside", "a layer"),
        ]
        self.entries = entries.map { Entry(key: $0, text: $1, values: $2) }
    }

    /// The entry for a path such as `gan.generator.layers.0.units`: the longest that its end matches.
    package func entry(_ path: [String]) -> Entry? {
        let plain = path.filter { Int($0) == nil }.joined(separator: ".")
        return entries.filter { plain == $0.key || plain.hasSuffix(".\($0.key)") }
            .max { $0.key.count < $1.key.count }
    }

    /// The position of a key among others, for printing.
    func rank(_ path: [String]) -> Int {
        guard let entry = entry(path) else { return entries.count }
        return entries.firstIndex { $0.key == entry.key } ?? entries.count
    }
}
