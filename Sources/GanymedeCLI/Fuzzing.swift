#if FUZZER
    import ArgumentParser
    import Foundation
    import Ganymede

    /// The command as a fuzzer: `scripts/fuzz` builds it with -DFUZZER and libFuzzer, which calls `LLVMFuzzerTestOneInput`
    /// with a million inputs and more. FUZZ_PARSER names what reads them. Errors are expected; traps, hangs, and large
    /// allocations are what it looks for.
    enum FuzzedParser: String, CaseIterable {
        case idx, npy, safetensors, evaluator, checkpoint, picture, yaml, config, journal, health,
            arguments

        static let chosen: FuzzedParser = {
            let name = ProcessInfo.processInfo.environment["FUZZ_PARSER"] ?? ""
            guard let parser = FuzzedParser(rawValue: name) else {
                fatalError("FUZZ_PARSER is one of \(FuzzedParser.allCases.map(\.rawValue))")
            }
            return parser
        }()

        func read(_ data: Data) throws {
            switch self {
            case .idx: _ = try data.withUnsafeBytes { try IDX($0, "fuzz", ranks: 1...4) }
            case .npy: _ = try data.withUnsafeBytes { try NPY($0, "fuzz") }
            case .safetensors:
                let file = try Safetensors(data, name: "fuzz")
                try file.verify()
                for name in file.names { _ = try file.tensor(name) }
            case .evaluator: _ = try Evaluator(data, name: "fuzz")
            case .checkpoint:
                // In memory, as far as the system allows: it is written a million times.
                let path = "/dev/shm/ganymede-fuzz-\(getpid()).safetensors"
                try data.write(to: URL(filePath: path))
                defer { unlink(path) }
                _ = try Model.load(path)
            case .picture: _ = try Raster(picture: data, size: 16)
            case .yaml:
                let text = String(decoding: data, as: UTF8.self)
                _ = try ConfigFile.parse(text, "fuzz")
            case .config: _ = try RunOptions(json: data, name: "fuzz").validated()
            case .journal: _ = Journal.reports(in: data, upTo: 10)
            case .health: _ = HealthRecord.parse(data)
            case .arguments:
                let words = data.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
                // What would load data or print a page is left out.
                let command = try GanymedeCommand.parseAsRoot(Array(words.prefix(40)))
                if let train = command as? Train, train.data == nil,
                    train.config == nil
                {
                    _ = try OptionResolver(train).resolve()
                }
            }
        }
    }

    @_cdecl("LLVMFuzzerTestOneInput")
    public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        let data = bytes.map { Data(bytes: $0, count: count) } ?? Data()
        _ = try? FuzzedParser.chosen.read(data)
        return 0
    }
#endif
