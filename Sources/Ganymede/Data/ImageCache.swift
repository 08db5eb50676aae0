import CGD
import FoundationEssentials
import Glibc

/// Caches decoded pictures between runs: one file for each folder, size and number of channels, named after a hash of
/// its sources. If it is missing or damaged, the pictures are decoded again; it can be deleted at any time.
struct ImageCache {
    let folder: String
    /// Change this when decoding changes.
    private static let version = "ganymede images 1"

    init(_ folder: String) { self.folder = folder }

    /// Bytes of `[count, height, width, channels]`; nil if not cached.
    func read(_ pictures: ImageFolder, _ image: ImageSize) -> [UInt8]? {
        let path = path(pictures, image)
        let count = pictures.files.count * image.count
        let header = ImageCache.version.utf8.count + 66
        guard Files.status(path)?.size == header + count,
            let data = try? Files.read(path, limit: header + count),
            data.count == header + count
        else { return nil }
        // Earlier versions made it readable by all users.
        chmod(path, 0o600)
        let pixels = [UInt8](data[header...])
        return data.prefix(header) == ImageCache.header(sha256(pixels)) ? pixels : nil
    }

    /// Caches images; a folder that cannot be written is no error.
    func write(_ pictures: ImageFolder, _ images: Dataset) {
        guard let image = images.image else { return }
        // Readable by the user only, as the pictures may be.
        try? Files.makeDirectory(folder, mode: 0o700)
        try? Files.writeAtomically(
            path(pictures, image), [ImageCache.header(images.digest), Data(images.pixels)],
            mode: 0o600)
    }

    private static func header(_ digest: String) -> Data { Data("\(version)\n\(digest)\n".utf8) }

    /// The name is the SHA-256 of everything that determines the pixels: paths, sizes and modification times, in order.
    private func path(_ pictures: ImageFolder, _ image: ImageSize) -> String {
        var text =
            "\(ImageCache.version) \(image.shape) libgd \(String(cString: gdVersionString()))\n"
        for file in pictures.files {
            // A file name can contain any byte but 0.
            text += "\(file.path)\0\(file.status?.size ?? -1) \(file.status?.modified ?? 0)\n"
        }
        return "\(folder)/\(sha256(Data(text.utf8))).images"
    }
}
