import Foundation
import Ganymede
import TestSupport
import Testing

/// Downloads from a local server: correct files are kept, anything else leaves nothing.
@Suite(.timeLimit(.minutes(20)))
struct FetchTests {
    /// "a file of the test\n" twenty times, gzipped, and the SHA-256 of that text.
    static let packed =
        Data(
            base64Encoded: "H4sIAAAAAAAC/0tUSMvMSVXIT1MoyUhVKEktLuFKHBWijxAAnb3Bt3wBAAA=") ?? Data()
    static let digest = "07f095c056e1e26cf0b3e54707477cd237855ebfd01df9fa95c822dd4b2463f7"

    /// The output, error, requests and files of a download.
    func fetch(
        _ answers: [String: LocalServer.Answer], digests: [String: String] = ["a": digest],
        before: [String: Data] = [:]
    ) throws -> (said: [String], error: String, files: [String], requests: [String]) {
        let parent = try TemporaryFolder()
        for (name, data) in before { try parent.write("new/\(name)", data) }
        let server = try LocalServer(answers)
        defer { server.stop() }
        let folder = "\(parent.path)/new"
        var said: [String] = []
        var error = ""
        do {
            try DataFetch(digests, from: server.address + "/", to: folder).run { name, outcome in
                said.append("\(name) \(outcome)")
            }
        } catch let fault as GanymedeError {
            error = fault.description
                .replacing(server.address, with: "SERVER").replacing(folder, with: "FOLDER")
        }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? ["no folder"]
        for file in files where file != "no folder" && before[file] == nil {
            #expect(try Data(contentsOf: URL(filePath: "\(folder)/\(file)")) == FetchTests.packed)
        }
        return (said, error, files.sorted(), server.requests)
    }

    @Test func wholeFilesAreKept() throws {
        let digests = ["a": FetchTests.digest, "b": FetchTests.digest]
        let right = LocalServer.Answer(FetchTests.packed)
        let all = try fetch(["/a.gz": right, "/b.gz": right], digests: digests)
        #expect(all.error == "" && all.files == ["a.gz", "b.gz"])
        #expect(all.said == ["a.gz fetched(44)", "b.gz fetched(44)"])
        // Correct files are not downloaded again, and files before a failure stay.
        let rest = try fetch([:], digests: digests, before: ["a.gz": FetchTests.packed])
        #expect(rest.said == ["a.gz kept"] && rest.requests == ["/b.gz"] && rest.files == ["a.gz"])
        // A redirect is followed.
        let moved = try fetch(["/a.gz": .redirect(to: "/there"), "/there": right])
        #expect(moved.error == "" && moved.files == ["a.gz"])
    }

    static let faults: [(answers: [String: LocalServer.Answer], error: String)] = [
        // Truncated: shorter than the Content-Length header says.
        (
            ["/a.gz": .init(packed.prefix(30), promised: packed.count)],
            "cannot fetch SERVER/a.gz: curl: (18) "
        ),
        // Truncated, with a matching header.
        (["/a.gz": .init(packed.prefix(30))], "SERVER/a.gz gave a damaged file, or another one"),
        (["/a.gz": .page], "SERVER/a.gz gave a web page, not a gzip file: nothing was kept."),
        (
            ["/a.gz": .redirect(to: "/login"), "/login": .page],
            "SERVER/a.gz gave a web page, not a gzip file: nothing was kept."
        ),
        (["/a.gz": .redirect(to: "/a.gz")], "cannot fetch SERVER/a.gz: curl: (47) "),
        (["/a.gz": .redirect(to: "ftp://127.0.0.1/a")], "cannot fetch SERVER/a.gz: curl: (1) "),
        (["/a.gz": .init(Data())], "SERVER/a.gz gave 0 bytes that are not a gzip file"),
        ([:], "cannot fetch SERVER/a.gz: curl: (22) The requested URL returned error: 404"),
    ]

    @Test(arguments: faults)
    func nothingIsLeftOfAFault(answers: [String: LocalServer.Answer], error: String) throws {
        let found = try fetch(answers)
        #expect(found.error.hasPrefix(error), "\(found.error)")
        #expect(found.files == ["no folder"] && found.said.isEmpty)
    }

    @Test func wrongContentIsNotKept() throws {
        let wrong = ["a": String(repeating: "0", count: 64)]
        let found = try fetch(["/a.gz": .init(FetchTests.packed)], digests: wrong)
        #expect(
            found.error.hasPrefix(
                "SERVER/a.gz gave a damaged file, or another one (its SHA-256 is wrong): nothing was kept."
            ))
        #expect(found.files == ["no folder"])
        // An existing file is not overwritten.
        let other = try fetch(
            ["/a.gz": .init(FetchTests.packed)], before: ["a.gz": Data("precious".utf8)])
        #expect(
            other.error
                == "FOLDER/a.gz is there and has another SHA-256: move it away, then try again")
        #expect(other.requests.isEmpty && other.files == ["a.gz"])
    }

    @Test func refusedConnection() throws {
        let folder = try TemporaryFolder()
        let server = try LocalServer([:])
        server.stop()
        let fetch = try DataFetch(["a": "0"], from: server.address, to: "\(folder.path)/new")
        let error = #expect(throws: GanymedeError.self) { try fetch.run { _, _ in } }
        #expect(error?.description.hasPrefix("cannot fetch http://127.0.0.1:") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// Only https, and http of this machine; addresses in disguise are refused.
    @Test(arguments: [
        "http://example.org", "ftp://127.0.0.1", "file:///etc", "https://", "", "-o/etc/passwd",
        "http://localhost.example.org", "http://127.0.0.1:80@example.org",
        "http://localhost@example.org",
        "http://127.0.0.1x/",
    ])
    func otherAddressesAreRefused(address: String) throws {
        let error = #expect(throws: GanymedeError.self) {
            try DataFetch([:], from: address, to: "x")
        }
        #expect(error?.isUsage == true)
    }
}

/// Datasets known by name.
@Suite(.timeLimit(.minutes(20)))
struct NamedDatasetTests {
    @Test func foldersFollowTheEnvironment() {
        let all = DataFolders(environment: [
            "GANYMEDE_DATA": "/g", "XDG_DATA_HOME": "/d", "XDG_DATA_DIRS": "/x:/y",
            "XDG_CACHE_HOME": "/c", "HOME": "/h",
        ])
        #expect(all.datasets == ["/g", "/d/ganymede", "/x/datasets", "/y/datasets"])
        #expect(all.downloads == "/g" && all.cache == "/c/ganymede")
        let home = DataFolders(environment: ["HOME": "/h", "XDG_DATA_HOME": "not/absolute"])
        #expect(
            home.datasets == [
                "/h/.local/share/ganymede", "/usr/local/share/datasets", "/usr/share/datasets",
            ])
        #expect(home.downloads == "/h/.local/share/ganymede" && home.cache == "/h/.cache/ganymede")
        let none = DataFolders(environment: [:])
        #expect(none.downloads == nil && none.cache == nil)
    }

    @Test func missingAndFalseFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        let folders = DataFolders(
            datasets: ["\(folder.path)/none", folder.path], downloads: nil, cache: nil)
        func error() -> String {
            let error = #expect(throws: GanymedeError.self) {
                try DataSource.fashionMNIST.load(size: 28, channels: 1, folders: folders)
            }
            return (error?.message.forCommands ?? "").replacing(folder.path, with: "FOLDER")
        }
        #expect(
            error() == """
                fashion-mnist is not on this machine. Any of these helps:
                  ganymede data fetch fashion-mnist  (downloads 31 MB)
                  apt install dataset-fashion-mnist  (Debian's package)
                  --data FOLDER  (where its files are)
                """)
        let images = IDX(shape: [2, 28, 28], bytes: [UInt8](repeating: 1, count: 2 * 784))
        try folder.write("fashion-mnist/train-images-idx3-ubyte", images.data)
        #expect(
            error().hasPrefix(
                "FOLDER/fashion-mnist/train-images-idx3-ubyte is not the file of that name in fashion-mnist"
            ))
        // Given as a folder, it is loaded as it is.
        let data = try DataSource("\(folder.path)/fashion-mnist").load(size: 28, channels: 1)
        #expect(data.count == 2 && data.labels == nil)
    }

    /// A single file, grey and in colour, with and without a label file.
    @Test func filesOfImages() throws {
        let folder = try TemporaryFolder()
        let grey = IDX(shape: [3, 4, 4], bytes: (0..<48).map { UInt8($0) })
        let colour = IDX(shape: [3, 4, 4, 3], bytes: (0..<144).map { UInt8($0) })
        try folder.write("x.idx", grey.data)
        try folder.write("b-images.idx", colour.data)
        try folder.write("b-labels.idx", IDX(shape: [3], bytes: [2, 0, 1]).data)
        let plain = try DataSource("\(folder.path)/x.idx").load(size: 4, channels: 1)
        #expect(plain.pixels == grey.bytes && plain.labels == nil)
        let labelled = try DataSource("\(folder.path)/b-images.idx").load(size: 4, channels: 3)
        #expect(labelled.pixels == colour.bytes && labelled.labels == [2, 0, 1])
        try folder.write(
            "two.idx", IDX(shape: [3, 4, 4, 2], bytes: [UInt8](repeating: 0, count: 96)).data)
        #expect(throws: GanymedeError.self) {
            try DataSource("\(folder.path)/two.idx").load(size: 4, channels: 1)
        }
    }
}
