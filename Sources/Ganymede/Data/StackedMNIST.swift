import CKernels

extension NamedDataset {
    /// Three random MNIST digits as red, green and blue (Metz et al., 2017, arXiv:1611.02163): 1000 classes, which
    /// count the modes that a GAN covers. 128,000 training samples (Lin et al., 2018, arXiv:1712.04086); 26,000 of the
    /// test digits, as many as are compared.
    public static let stackedMNIST = NamedDataset(
        name: "stacked-mnist", about: "three digits of mnist as red, green and blue",
        extent: .image([28, 28, 3]), count: 128_000,
        classNames: (0..<1000).map { "\($0 / 100)\($0 / 10 % 10)\($0 % 10)" },
        features: .stacks(of: "mnist")
    ) { dataset, split, folders in
        Dataset(
            stacking: try mnist.load(split, folders: folders),
            count: split == .training ? dataset.count : 26_000, name: dataset.name,
            classNames: dataset.classNames)
    }
}

extension Dataset {
    /// Colour images whose channels are randomly chosen from `greys`, with a fixed seed. The first three words of an
    /// image's Philox block choose its red, green and blue; their classes are the digits of its label.
    init(stacking greys: Dataset, count: Int, name: String, classNames: [String]) {
        let key = RandomKey(seed: 0, step: 0).words
        let stream = Random.number(ofStream: name)
        var words = [UInt32](repeating: 0, count: 4)
        var stacks: [Int32] = []
        stacks.reserveCapacity(3 * count)
        for index in 0..<count {
            gk_philox(key, stream, UInt32(index), &words)
            stacks += words.prefix(3).map { Int32($0.scaled(below: greys.count)) }
        }
        let labels = greys.labels.map { digits in
            (0..<count).map { index in
                (0..<3).reduce(0) { 10 * $0 + digits[Int(stacks[3 * index + $1])] }
            }
        }
        guard case .images(let bytes, let size) = greys.samples, size.channels == 1 else {
            misuse("\(greys.name) holds no grey images to stack")
        }
        self.init(
            name: name, samples: .stacks(greys: bytes, indices: stacks, size.withChannels(3)),
            labels: labels, classNames: classNames)
    }
}
