extension Dataset {
    /// The images resampled by libgd; images that are not square are stretched. Each grey image of a stacked dataset is
    /// resampled once.
    func resized(
        to extent: SampleExtent, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> Dataset {
        guard let size = extent.image, extent != self.extent else { return self }
        let resized: Samples
        switch samples {
        case .points: return self
        case .images(let bytes, let old):
            resized = .images(
                try Dataset.resample(bytes, old, size, progress: progress), size)
        case .stacks(let greys, let indices, let old):
            let pixels = try Dataset.resample(
                greys, old.withChannels(1), size.withChannels(1), progress: progress)
            resized = .stacks(greys: pixels, indices: indices, size)
        }
        return Dataset(name: name, samples: resized, labels: labels, classNames: classNames)
    }

    private static func resample(
        _ bytes: [UInt8], _ old: ImageSize, _ size: ImageSize, progress: (Int, Int) -> Void
    ) throws -> [UInt8] {
        let count = bytes.count / old.count
        try checkMemory(count: count, image: size)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count * size.count)
        for index in 0..<count {
            let one = Array(bytes[index * old.count..<(index + 1) * old.count])
            let source = try GDImage(
                Raster(
                    height: old.height, width: old.width, channels: old.channels, pixels: one),
                greys: nil)
            pixels += try source.square(size.height).raster(channels: size.channels).pixels
            progress(index + 1, count)
        }
        return pixels
    }
}
