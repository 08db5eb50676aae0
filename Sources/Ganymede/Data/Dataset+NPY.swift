extension Dataset {
    /// A file of images [N, H, W] or [N, H, W, C], or of points [N, 2].
    init(npy path: String, name: String) throws {
        let array = try Files.read(path).withUnsafeBytes { try NPY($0, path) }
        if array.isPoints {
            try self.init(pointsOf: array, path)
            return
        }
        guard (3...4).contains(array.shape.count) else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(path)) holds \(Shape(array.shape)), and images are [N, H, W] or [N, H, W, C]"
            )
        }
        try self.init(name, IDX(shape: array.shape, bytes: array.bytes), nil)
    }

    /// Points. Throws if one is NaN or infinity.
    private init(pointsOf array: NPY, _ path: String) throws {
        let points = array.bytes.withUnsafeBytes { bytes in
            let count = 2 * array.shape[0]
            if bytes.count == 8 * count {
                return (0..<count).map {
                    Float(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self))
                }
            }
            return (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        if let bad = points.firstIndex(where: { !$0.isFinite }) {
            throw GanymedeError.dataUnsuitable("\(quoted(path)): point \(bad / 2) is not finite")
        }
        self.init(name: path, points: points, labels: nil)
    }
}
