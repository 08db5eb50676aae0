extension Dataset {
    /// The same images with other extents, resampled by libgd; what is not square is stretched. Of stacks the grey
    /// images are resampled, each once.
    func resized(to image: [Int], progress: (Int, Int) -> Void = { _, _ in }) throws -> Dataset {
        if image == self.image { return self }
        let channels = stacks == nil ? image[2] : 1
        let old = Array(self.image.prefix(2)) + [stacks == nil ? self.image[2] : 1]
        let size = old.reduce(1, *)
        let count = self.pixels.count / size
        try Dataset.checkMemory(count: count, image: [image[0], image[1], channels])
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count * image[0] * image[1] * channels)
        for index in 0..<count {
            let one = Array(self.pixels[index * size..<(index + 1) * size])
            let source = try GDImage(
                Raster(height: old[0], width: old[1], channels: old[2], pixels: one), greys: nil)
            pixels += try source.square(image[0]).raster(channels: channels).pixels
            progress(index + 1, count)
        }
        return Dataset(
            name: name, image: image, pixels: pixels, stacks: stacks, labels: labels,
            classNames: classNames)
    }
}
