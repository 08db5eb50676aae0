import ArgumentParser
import Ganymede

/// `ganymede data`
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "List, inspect and fetch datasets.",
        subcommands: [List.self, Inspect.self, Fetch.self])
}

extension DataCommand {
    /// `ganymede data list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the datasets that are known by name, and where they are.")

        func run() throws {
            for known in NamedDataset.all {
                let place =
                    if known.source == nil {
                        "inside this command"
                    } else if let folder = known.folder() {
                        folder
                    } else {
                        "not here: ganymede data fetch \(known.name)"
                    }
                let classes = known.classNames
                let samples =
                    known.extent.image.map { "images of \($0.text)" } ?? "points"
                let names =
                    classes.count > 10
                    ? "\(classes[0]) to \(classes[classes.count - 1])"
                    : classes.joined(separator: ", ")
                print(
                    """
                    \(known.name): \(known.about)
                      \(known.count) \(samples), \(classes.count) classes: \(names)
                      \(place)
                    """)
            }
            print("Also: a folder of pictures, a folder of IDX files, an IDX file (docs/data.md)")
        }
    }

    /// `ganymede data inspect`
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a dataset's counts, extents, values, classes and faults.",
            discussion:
                "Every picture is read again. Exits with code 1 if one cannot be used."
        )

        @Argument(help: "A dataset by name, a folder, or an IDX file.") var data: String
        @Option(help: "Side of an image in pixels (default: 28).") var size: Int?
        @Option(help: "1 for grey, 3 for colour (default: 1, or 3 for stacked-mnist).")
        var channels: Int?
        @Option(
            name: .shortAndLong,
            help: "Write a grid of 64 images, evenly chosen, or all points: a .png.")
        var output: String?

        func run() throws {
            if let size, !(4...1024).contains(size) {
                throw GanymedeError.invalidOption("--size is from 4 to 1024, not \(size)")
            }
            if let channels, channels != 1 && channels != 3 {
                throw GanymedeError.invalidOption("--channels is 1 or 3, not \(channels)")
            }
            if let output, ImageFile.Format(path: output) != .png {
                throw GanymedeError.invalidOption("--output ends in .png, not \"\(output)\"")
            }
            let line = LoadingLine("reading pictures")
            let found = try DataSource(data).inspect(size: size, channels: channels) {
                line.show($0, of: $1)
            }
            print(found.text)
            if let output { try found.writePicture(output) }
            if !found.faults.isEmpty {
                let (count, isOne) = (found.faults.count, found.faults.count == 1)
                let it = isOne ? "it" : "them"
                throw GanymedeError.dataUnsuitable(
                    "\(count) \(isOne ? "picture" : "pictures") in \(quoted(data)) cannot be used: "
                        + "replace \(it) or take \(it) out")
            }
        }
    }

    /// `ganymede data fetch`
    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Download a dataset over HTTPS; every file is checked by SHA-256.",
            discussion: "Files that are present and correct are not fetched again.")

        @Argument(help: "fashion-mnist.") var name: String
        @Option(
            help: "The address of the folder with the files (default: where its makers keep it).")
        var from: String?
        @Option(help: "The folder to put them in (default: where --data finds them).")
        var to: String?
        @Flag(help: "Only print errors.") var quiet = false

        func run() throws {
            let known = NamedDataset.all.filter { $0.source != nil }
            guard let dataset = NamedDataset.named(name) else {
                let names = known.map(\.name)
                throw GanymedeError.unknownName(
                    "there is no dataset \"\(name)\"." + suggestion(for: name, among: names)
                        + " To be fetched: \(names.joined(separator: ", "))")
            }
            guard let source = from ?? dataset.source, dataset.source != nil else {
                throw GanymedeError.invalidOption(
                    "\(name) is inside this command: nothing to fetch")
            }
            guard let folder = to ?? DataFolders.standard.downloads.map({ "\($0)/\(name)" }) else {
                throw GanymedeError.unknownName(
                    "there is no HOME to put it in: say where with --to")
            }
            let fetch = try DataFetch(dataset.digests, from: source, to: folder)
            let line = LoadingLine("fetching", isShown: !quiet)
            try fetch.run { file, bytes in
                line.show("\(file)  \(bytes >> 20) MiB")
            } finished: { file, outcome in
                line.finish()
                if quiet { return }
                switch outcome {
                case .kept: print("\(quoted(file)): already there, and right")
                case .fetched(let bytes): print("\(file): \((bytes + 1023) / 1024) KiB")
                }
            }
            if !quiet {
                print("To look at it: ganymede data inspect \(to == nil ? name : quoted(folder))")
            }
        }
    }
}
