import Foundation
import Ganymede
import TestSupport
import Testing

/// Folders of pictures: pictures are read back as written, and those that cannot be used are named.
@Suite(.timeLimit(.minutes(20)))
struct ImageFolderTests {
    /// Keeps tests from using folders of this machine.
    static let nowhere = DataFolders(datasets: [], downloads: nil, cache: nil)

    func load(
        _ path: String, size: Int = 8, channels: Int = 3, folders: DataFolders = nowhere
    ) throws -> Dataset {
        try DataSource(path).load(size: size, channels: channels, folders: folders)
    }

    func picture(_ seed: UInt64, height: Int = 8, width: Int = 8, channels: Int = 3) -> Raster {
        var numbers = TestNumbers(seed: seed)
        let pixels = (0..<height * width * channels).map { _ in
            UInt8(truncatingIfNeeded: numbers.next() >> 20)
        }
        return Raster(height: height, width: width, channels: channels, pixels: pixels)
    }

    /// Property: pictures of any content, written as PNG, are read back exactly, in order, with their classes.
    @Test(arguments: [(4, 1), (8, 3), (13, 1), (28, 3)])
    func picturesComeBackExactly(size: Int, channels: Int) throws {
        let folder = try TemporaryFolder()
        var expected: [UInt8] = []
        for index in 0..<24 {
            let raster = picture(
                UInt64(index * 100 + size), height: size, width: size, channels: channels)
            let name =
                ["cats", "dogs", "eels"][index / 8]
                + "/\(10 + index).\(index % 2 == 0 ? "png" : "PNG")"
            try folder.write(name, raster.png())
            expected += raster.pixels
        }
        let data = try load(folder.path, size: size, channels: channels)
        #expect(data.pixels == expected && data.image == [size, size, channels])
        #expect(data.labels == (0..<24).map { $0 / 8 })
        #expect(data.classNames == ["cats", "dogs", "eels"])
    }

    static let opaque = [
        "rgb.png", "palette.png", "rgb16.png", "interlaced.png", "still.gif", "animated.gif",
        "lossless.webp", "really-a-png.jpg", "rgb.jpg", "progressive.jpeg", "cmyk.jpg",
    ]
    static let clear = ["alpha.png", "alpha.webp", "palette.png", "still.gif", "key.png"]

    /// One picture in every format: see Tests/Fixtures/pictures/make.py.
    @Test(arguments: opaque.map { "opaque/" + $0 } + clear.map { "over-white/" + $0 })
    func everyFormIsRead(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(
            String(name.split(separator: "/")[1]), try Fixtures.data("pictures/\(name)"))
        let data = try load(folder.path)
        let quarters: [[Int]] = [
            [255, 0, 0], name.hasPrefix("opaque") ? [0, 255, 0] : [255, 255, 255], [0, 0, 255],
            [128, 128, 128],
        ]
        let isLossy = name.contains("jp") && !name.contains("png")
        for y in 0..<8 {
            for x in 0..<8 {
                for channel in 0..<3 {
                    let found = Int(data.pixels[(y * 8 + x) * 3 + channel])
                    let expected = quarters[y / 4 * 2 + x / 4][channel]
                    #expect(abs(found - expected) <= (isLossy ? 4 : 0), "\(x),\(y): \(found)")
                }
            }
        }
        // Grey is the mean of the three channels; other sizes are resampled.
        let grey = try load(folder.path, channels: 1)
        let first = data.pixels.prefix(3).reduce(0) { $0 + Int($1) }
        #expect(Int(grey.pixels[0]) == (first + 1) / 3)
        #expect(try load(folder.path, size: 5, channels: 1).pixels.count == 25)
    }

    /// Unusable pictures are named with the reason. `inspect` reads the rest, and `load` throws.
    @Test func everyFaultIsNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("good.png", try picture(1).png())
        var expected: [String: String] = [:]
        func bad(_ name: String, _ data: Data, _ reason: String) throws {
            try folder.write(name, data)
            expected[name] = "\(folder.path)/\(name) \(reason)"
        }
        let format = "is not a PNG, JPEG, GIF or WebP picture"
        try bad("empty.png", Data(), "is empty")
        try bad("text.png", Data("hello".utf8), format)
        try bad("page.jpg", Data("<html>".utf8), format)
        try bad(
            "one.png", try picture(1, height: 1, width: 1).png(),
            "has 1x1 pixels, and 4x4 is the least")
        try bad(
            "thin.png", try picture(1, height: 9, width: 3).png(),
            "has 3x9 pixels, and 4x4 is the least")
        // A header that declares an excessive size.
        var huge = try picture(1).png()
        huge.replaceSubrange(16..<24, with: [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])
        try bad("huge.png", huge, "has 65535x65535 pixels, more than 64 million")
        huge.replaceSubrange(16..<24, with: [UInt8](repeating: 0xFF, count: 8))
        try bad("vast.png", huge, "has 4294967295x4294967295 pixels, more than 64 million")
        try bad(
            "moving.webp", try Fixtures.data("pictures/unreadable/animated.webp"),
            "is an animated WebP, which libgd cannot read: save one frame")
        for (name, reason) in [
            ("rgb.png", " (truncated data)"), ("rgb.jpg", " (Premature end of JPEG file)"),
            ("still.gif", ""), ("lossless.webp", ""),
        ] {
            let whole = try Fixtures.data("pictures/opaque/\(name)")
            try bad("cut-" + name, whole.dropLast(6), "is damaged or cut short" + reason)
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/loop.gif", withDestinationPath: "loop.gif")
        expected["loop.gif"] = "\(folder.path)/loop.gif is a link to nothing"
        #expect(mkfifo("\(folder.path)/pipe.png", 0o600) == 0)
        expected["pipe.png"] = "\(folder.path)/pipe.png is a pipe or a device"

        // A name in Latin-1, as in old archives.
        let latin = Array("\(folder.path)/caf".utf8) + [0xE9] + Array(".png".utf8) + [0]
        let descriptor = latin.withUnsafeBytes {
            open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o600)
        }
        #expect(descriptor >= 0 && close(descriptor) == 0)
        expected["caf\u{FFFD}.png"] =
            "'\(folder.path)/caf\u{FFFD}.png' has a name that is not UTF-8: rename it"

        let found = try DataSource(folder.path).inspect(
            size: 8, channels: 3, folders: ImageFolderTests.nowhere)
        #expect(found.faults == expected.keys.sorted().map { expected[$0] ?? "" })
        #expect(found.dataset.pixels == picture(1).pixels)
        let error = #expect(throws: GanymedeError.self) { try load(folder.path) }
        let lines = (error?.description ?? "").split(separator: "\n")
        #expect(
            lines.first == "\(expected.count) of \(expected.count + 1) pictures cannot be used:")
        #expect(lines.count == 13, "ten, the count of the rest, and what to do")
    }

    /// A truncated or damaged picture is read or refused, without a trap.
    @Test func damagedPicturesNeverTrap() throws {
        let folder = try TemporaryFolder()
        var numbers = TestNumbers(seed: 5)
        for name in ["rgb.png", "still.gif", "lossless.webp", "rgb.jpg", "animated.gif"] {
            let whole = try Fixtures.data("pictures/opaque/\(name)")
            for length in 0..<min(whole.count, 120) {
                try folder.write("cut-\(length)-\(name)", whole.prefix(length))
            }
            for index in 0..<100 {
                var damaged = whole
                let place = Int(numbers.next() % UInt64(whole.count))
                damaged[place] = UInt8(truncatingIfNeeded: numbers.next())
                try folder.write("damaged-\(index)-\(name)", damaged)
            }
        }
        let found = try DataSource(folder.path).inspect(
            size: 8, channels: 1, folders: ImageFolderTests.nowhere)
        #expect(found.faults.count > 100 && found.dataset.count > 50)
    }

    /// Links are followed, each folder is read once, and hidden files and other extensions are skipped.
    @Test func foldersAreWalkedOnce() throws {
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        try other.write("x.png", try picture(3).png())
        try folder.write("a/deep/er/1.png", try picture(1).png())
        try folder.write("b-2/2.png", try picture(2).png())
        try folder.write(".hidden/3.png", Data())
        try folder.write("b-2/._2.png", Data())
        try folder.write("b-2/notes.txt", Data())
        for (link, target) in [
            ("a/up", ".."), ("a/deep/self", "."), ("c", other.path), ("d", other.path),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(link)", withDestinationPath: target)
        }
        let found = try DataSource(folder.path).inspect(
            size: 8, channels: 3, folders: ImageFolderTests.nowhere)
        #expect(found.dataset.pixels == (1...3).flatMap { picture($0).pixels })
        #expect(found.dataset.labels == [0, 1, 2])
        #expect(found.dataset.classNames == ["a", "b-2", "c"])
        #expect(
            found.notes == ["a/deep/self", "a/up", "d"].map {
                "\($0) leads to a folder that is already in: read once"
            } + ["1 file is left out: other endings"])
        #expect(found.faults.isEmpty)
    }

    /// Lost colours are noted; grey JPEGs do not count as colour.
    @Test func lostColoursAreNoted() throws {
        let folder = try TemporaryFolder()
        try folder.write("1.png", try picture(1).png())
        try folder.write("2.png", try picture(2, channels: 1).png())
        try folder.write("3.jpg", Fixtures.data("pictures/opaque/rgb.jpg"))
        func notes(_ channels: Int) throws -> [String] {
            try DataSource(folder.path).inspect(
                size: 8, channels: channels, folders: ImageFolderTests.nowhere
            ).notes
        }
        #expect(try notes(1) == ["2 of 3 pictures are in colour and made grey"])
        #expect(try notes(3) == [])
    }

    @Test func labelsNeedSubfolders() throws {
        let folder = try TemporaryFolder()
        try folder.write("only/1.png", try picture(1).png())
        func inspect() throws -> Inspection {
            try DataSource(folder.path).inspect(
                size: 8, channels: 3, folders: ImageFolderTests.nowhere)
        }
        #expect(try inspect().notes == ["there is one class only"])
        #expect(try inspect().dataset.labels == [0])
        try folder.write("0.png", try picture(0).png())
        #expect(
            try inspect().notes == ["pictures lie beside sub-folders: no labels are made of those"])
        #expect(try inspect().dataset.labels == nil && inspect().dataset.classNames == nil)
        let many = try TemporaryFolder()
        for index in 0..<257 { try many.write("\(index)/a.png", try picture(1).png()) }
        #expect(try load(many.path).labels == nil)
        let empty = try TemporaryFolder()
        let error = #expect(throws: GanymedeError.self) { try load(empty.path) }
        #expect(error?.description.contains("holds no pictures: put files there") == true)
    }

    /// The second load uses the cache of the first; changed or damaged entries are decoded again.
    @Test func decodedOnce() throws {
        let folder = try TemporaryFolder()
        let kept = try TemporaryFolder()
        let cache = "\(kept.path)/new/ganymede"
        let folders = DataFolders(datasets: [], downloads: nil, cache: cache)
        // Enough pictures for a large folder, in which one that is not decoded stands out.
        for index in 0..<2000 {
            try folder.write("\(index % 7)/\(index).png", try picture(UInt64(index % 9)).png())
        }
        func decoded(size: Int = 8) throws -> (count: Int, data: Dataset) {
            var count = 0
            let data = try DataSource(folder.path).load(size: size, channels: 3, folders: folders) {
                done, total in
                #expect(done == count + 1 && total >= 2000)
                count = done
            }
            return (count, data)
        }
        let first = try decoded()
        let second = try decoded()
        #expect(first.count == 2000 && second.count == 0)
        #expect(first.data.digest == second.data.digest && first.data.labels == second.data.labels)
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: cache).first)
        let whole = try Data(contentsOf: URL(filePath: "\(cache)/\(name)"))
        // Damaged, truncated or empty: decoded again and rewritten.
        var damaged = whole
        damaged[whole.count - 100] ^= 1
        for content in [damaged, whole.dropLast(1), Data()] {
            try content.write(to: URL(filePath: "\(cache)/\(name)"))
            let again = try decoded()
            #expect(again.count == 2000 && again.data.digest == first.data.digest)
            #expect(try Data(contentsOf: URL(filePath: "\(cache)/\(name)")) == whole)
        }
        // Another size, another file, another modification time: decoded again.
        #expect(try decoded(size: 9).count == 2000)
        try folder.write("6/z.png", try picture(99).png())
        #expect(try decoded().count == 2001)
    }

    @Test func cacheThatCannotBeWrittenIsNoError() throws {
        let folder = try TemporaryFolder()
        try folder.write("1.png", try picture(1).png())
        let folders = DataFolders(datasets: [], downloads: nil, cache: "\(folder.path)/1.png/x")
        #expect(try load(folder.path, folders: folders).pixels == picture(1).pixels)
    }
}
