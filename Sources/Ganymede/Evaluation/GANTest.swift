/// GAN-test: the accuracy of the evaluator, a classifier trained on real images, on labelled samples. It measures
/// sample quality but not diversity: it falls when samples look wrong for their class, not when they are all alike. A
/// generator that copies the training set may exceed real images. Shmelkov et al., "How good is my GAN?" (2018); see
/// ``GANTrain``.
public enum GANTest: Metric {
    public static let names = ["gan_test"]
    public static let about = ["share of samples classified as their label says"]
    public static let minimumSamples = 100

    public static func figures(_ input: MetricInput) throws -> [Double] {
        let labels = try input.generated.labels(for: names[0], beside: input.test)
        let probabilities = input.generated.probabilities
        let right = labels.indices.count { probabilities.largest(inRow: $0).column == labels[$0] }
        return [Double(right) / Double(labels.count)]
    }
}

extension Features {
    /// The label of each image. Throws if there are none.
    func knownLabels(for what: String) throws -> [Int] {
        if let labels = samples?.labels { return labels }
        throw GanymedeError.dataUnsuitable(
            "\(what) is of samples whose class is known: give a folder with a sub-folder of pictures for each "
                + "class, called as the evaluator calls it, or IDX files with labels")
    }

    /// The same. Also throws if a class of the real images does not occur.
    func labels(for metric: String, beside real: Features) throws -> [Int] {
        let labels = try knownLabels(for: metric)
        let missing = Set(try real.knownLabels(for: metric)).subtracting(labels).sorted().map {
            samples?.classNames?[$0] ?? "\($0)"
        }
        guard missing.isEmpty else {
            throw GanymedeError.dataUnsuitable(
                "\(metric) is of samples of every class, and there are none of \(missing.joined(separator: ", "))"
            )
        }
        return labels
    }
}

extension Dataset {
    /// The same images with ``labels(as:)``.
    package func labelled(as names: [String]) -> Dataset {
        Dataset(
            name: name, samples: .images(allPixels, image ?? [1, 1, 1]),
            labels: labels(as: names), classNames: names)
    }

    /// Labels as indices into `names`, the classes of a classifier. Classes are matched by name, or by number if the
    /// name is a number. Nil if a class is not among them, there are no labels, or samples are not plain images.
    func labels(as names: [String]) -> [Int]? {
        guard let labels, case .images = samples else { return nil }
        func number(_ own: Int) -> Int? {
            guard let classNames, own < classNames.count else { return own }
            let name = classNames[own].lowercased()
            return names.firstIndex { $0.lowercased() == name } ?? Int(name)
        }
        let numbers = (0...(labels.max() ?? 0)).map(number)
        let known = labels.compactMap { label in
            numbers[label].flatMap { names.indices.contains($0) ? $0 : nil }
        }
        return known.count == labels.count ? known : nil
    }
}
