import Foundation
import TestSupport
import Testing

/// A separate package that uses the library, in the same language mode.
@Suite(.timeLimit(.minutes(20)))
struct OutsidePackageTests {
    /// Actor-isolated closures run on their actor; otherwise Swift stops the process.
    @Test func closuresOfActorsRun() throws {
        let folder = try TemporaryFolder()
        let build = URL(filePath: Command.product("ganymede")).deletingLastPathComponent().path
        // The package is compiled separately and linked with the objects of the tests, because building them again
        // takes minutes.
        let list = try String(
            contentsOfFile: "\(build)/example-your-own-gan.product/Objects.LinkFileList",
            encoding: .utf8)
        let objects = list.split(separator: "\n").map { $0.trimmingCharacters(in: ["'", "\""]) }
            .filter { !$0.contains("example_your_own_gan.build") }
        try #require(objects.contains { $0.contains("/Ganymede.build/") })
        let root = Golden.folder.deletingLastPathComponent().deletingLastPathComponent().path
        let maps =
            ["CKernels", "CMPI", "COneDNN", "CResources"].map {
                "\(build)/\($0).build/module.modulemap"
            }
            + ["CZlib", "CGD", "COpenSSL"].map { "\(root)/Sources/\($0)/module.modulemap" }
        let flags =
            ["-I", "\(build)/Modules"] + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
        // The oneDNN that these objects were compiled for, which need not be the system's.
        let places =
            FileHandle(forReadingAtPath: "/proc/self/maps")?.readDataToEndOfFile() ?? Data()
        let loaded = String(decoding: places, as: UTF8.self).split(separator: "\n")
        let entry = try #require(loaded.first { $0.contains("/libdnnl.so") })
        let file = try #require(entry.split(separator: " ").last)
        let library = URL(filePath: String(file)).deletingLastPathComponent().path
        try folder.write(
            "Package.swift",
            Data(
                """
                // swift-tools-version: 6.2
                import PackageDescription
                let package = Package(
                    name: "outside",
                    targets: [
                        .executableTarget(
                            name: "outside",
                            swiftSettings: [.unsafeFlags(\(flags))],
                            linkerSettings: [
                                .unsafeFlags([
                                    "@\(folder.path)/objects", "-L\(library)", "-Xlinker", "-rpath", "-Xlinker",
                                    "\(library)",
                                ]),
                                .linkedLibrary("dnnl"),
                                .linkedLibrary("gomp"), .linkedLibrary("crypto"), .linkedLibrary("z"), .linkedLibrary("gd"),
                                .linkedLibrary("m"), .linkedLibrary("stdc++"),
                            ])
                    ],
                    swiftLanguageModes: [.v6]
                )
                """.utf8))
        try folder.write("objects", Data(objects.joined(separator: "\n").utf8))
        try folder.write("Sources/outside/main.swift", Fixtures.data("outside/main.swift"))
        let result = try Command.run(
            ["swift", "run", "--disable-sandbox", "--quiet", "outside"], of: "/usr/bin/env",
            in: folder.path,
            environment: ["ONEDNN_MAX_CPU_ISA": "AVX2"], limit: 300)
        #expect(result.code == 0, "\(result.output)\(result.errors)")
        let lines = [
            "[2, 3]", "6", "[2.0, 4.0, 6.0]",
            "bf16 needs a processor with avx512_bf16, and oneDNN uses avx2 here: compile the program in f32",
            "6", "[1, 4, 9, 16]",
        ]
        #expect(
            result.output.split(separator: "\n").suffix(6).map(String.init) == lines,
            "\(result.output)\(result.errors)")
    }
}
