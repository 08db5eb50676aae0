// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "ganymede",
    products: [
        .library(name: "Ganymede", targets: ["Ganymede"]),
        .executable(name: "ganymede", targets: ["GanymedeCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // C, each hidden behind a few functions.
        .target(name: "COneDNN", cSettings: c, linkerSettings: [.linkedLibrary("dnnl")]),
        .target(
            name: "CKernels", cSettings: c,
            linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),
        .target(name: "CMPI", cSettings: c),
        .target(name: "CResources", exclude: ["mnist", "evaluators", "studio"], cSettings: c),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CGD"),
        .systemLibrary(name: "COpenSSL"),

        // The arrows point one way: C <- Engine <- Ganymede <- GanymedeCLI.
        .target(
            name: "Engine", dependencies: ["COneDNN", "CKernels", "CMPI"], swiftSettings: swift),
        .target(
            name: "Ganymede",
            dependencies: [
                "Engine", "CKernels", "CResources", "CZlib", "CGD", "COpenSSL",
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "GanymedeCLI",
            dependencies: [
                "Ganymede", "Engine",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            swiftSettings: swift),

        // Each runs in the tests, and the first is the README's.
        .executableTarget(
            name: "example-your-own-gan", dependencies: ["Ganymede"],
            path: "Examples/01-your-own-gan"),
        .executableTarget(
            name: "example-tensors", dependencies: ["Ganymede"], path: "Examples/02-tensors"),
        .executableTarget(
            name: "example-your-own-kinds", dependencies: ["Ganymede"],
            path: "Examples/03-your-own-kinds"),
        .executableTarget(
            name: "example-autoencoder", dependencies: ["Ganymede"],
            path: "Examples/04-autoencoder"),

        .target(
            name: "TestSupport", dependencies: ["Engine", "Ganymede"], path: "Tests/TestSupport"),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "CKernels", "TestSupport"]),
        .testTarget(
            name: "GanymedeTests", dependencies: ["Ganymede", "Engine", "TestSupport"]),
        .testTarget(
            name: "CLITests", dependencies: ["Ganymede", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

/// C modules stay out of the public interface unless a file says so, and no warning stays.
var swift: [SwiftSetting] {
    [.enableUpcomingFeature("InternalImportsByDefault"), .treatAllWarnings(as: .error)]
}

/// No warning stays in C either.
var c: [CSetting] { [.treatAllWarnings(as: .error)] }
