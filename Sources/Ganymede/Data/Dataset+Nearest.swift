/// What the studio asks of training data.
extension Dataset {
    /// A sample near another one.
    package struct Neighbour {
        /// Its place in the dataset.
        package let place: Int
        /// The root mean squared difference of the pixels, from 0 to 255.
        package let distance: Double
    }

    /// The images nearest to one by their pixels, nearest first; of equally near ones the first.
    ///
    /// - Parameters:
    ///   - image: bytes of an image of the dataset's size.
    ///   - count: how many, at most.
    package func nearest(to image: [UInt8], count: Int) throws -> [Neighbour] {
        guard let size = extent.image, image.count == size.count else {
            throw GanymedeError.mismatch(
                "\(image.count) bytes, and \(name) holds \(extent)")
        }
        var best: [(place: Int, sum: Int)] = []
        let all = allPixels
        all.withUnsafeBufferPointer { all in
            image.withUnsafeBufferPointer { image in
                for place in 0..<all.count / image.count {
                    var sum: Int32 = 0
                    for index in 0..<image.count {
                        let difference =
                            Int32(all[place * image.count + index]) - Int32(image[index])
                        sum &+= difference &* difference
                    }
                    if best.count < count || Int(sum) < best[best.count - 1].sum {
                        let at = best.firstIndex { $0.sum > Int(sum) } ?? best.count
                        best.insert((place, Int(sum)), at: at)
                        if best.count > count { best.removeLast() }
                    }
                }
            }
        }
        return best.map {
            Neighbour(
                place: $0.place, distance: (Double($0.sum) / Double(image.count)).squareRoot())
        }
    }

    /// What the class of a sample is called; nil without labels.
    package func labelName(of place: Int) -> String? {
        guard let labels, labels.indices.contains(place) else { return nil }
        return namesOfClasses.indices.contains(labels[place])
            ? namesOfClasses[labels[place]] : "\(labels[place])"
    }
}
