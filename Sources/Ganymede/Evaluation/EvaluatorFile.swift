package import FoundationEssentials

/// Reads and writes an evaluator as a `.safetensors` file: weights by name, and everything else as JSON in the header.
extension Evaluator {
    private static let format = "ganymede evaluator 2"
    /// Files of this format bear no hashes. Those inside the command are of it.
    private static let unhashedFormat = "ganymede evaluator 1"

    private struct Header: Codable {
        let data: String
        let classNames: [String]
        let network: EvaluatorNetwork
        let temperature: Double
        let quality: ClassifierQuality
        let command: String
        /// Missing in files of evaluators that learned from labels.
        var supervision: Evaluator.Supervision?

        /// Why these fields do not describe an evaluator; nil if they do.
        var fault: String? {
            if let fault = network.fault { return fault }
            if classNames.count != network.head.output[0] {
                return
                    "there are \(classNames.count) class names and \(network.head.output[0]) logits"
            }
            return temperature.isFinite && temperature > 0
                ? nil : "the temperature is above 0, and not \(temperature)"
        }
    }

    /// A newly trained evaluator.
    init(
        data: String, classNames: [String], network: EvaluatorNetwork,
        weights: [String: HostTensor], temperature: Double, quality: ClassifierQuality,
        command: String, supervision: Supervision
    ) throws {
        let header = Header(
            data: data, classNames: classNames, network: network, temperature: temperature,
            quality: quality, command: command,
            supervision: supervision == .labels ? nil : supervision)
        self.init(header, weights, digest: try Evaluator.digest(header, weights))
    }

    private init(_ header: Header, _ weights: [String: HostTensor], digest: String) {
        data = header.data
        classNames = header.classNames
        network = header.network
        temperature = header.temperature
        quality = header.quality
        command = header.command
        supervision = header.supervision ?? .labels
        self.weights = weights
        self.digest = digest
    }

    /// Reads a file that ``write(to:)`` wrote.
    public init(reading path: String) throws { try self.init(Files.read(path), name: path) }

    /// Reads a file in memory; `name` is for error messages.
    package init(_ bytes: Data, name: String) throws {
        let file = try Safetensors(bytes, name: name)
        let format = file.isHashed ? Evaluator.format : Evaluator.unhashedFormat
        guard file.metadata["format"] == format, let text = file.metadata["evaluator"]
        else {
            throw GanymedeError.fileMalformed(
                "\(quoted(name)) is no evaluator\(advice: ": make one with ganymede evaluator train")"
            )
        }
        let header = try JSON.decode(
            Header.self, from: Data(text.utf8), "\(quoted(name)): evaluator")
        if let fault = header.fault {
            throw GanymedeError.fileMalformed(
                "\(quoted(name)) holds no evaluator that fits together: \(fault)")
        }
        var weights: [String: HostTensor] = [:]
        for variable in header.network.variables {
            guard file.shape(variable.name) == variable.shape else {
                let found = file.shape(variable.name)?.description ?? "missing"
                throw GanymedeError.fileMalformed(
                    "\(quoted(name)): \(variable.name) is \(found), and \(variable.shape) in the network"
                )
            }
            let tensor = try file.tensor(variable.name)
            guard tensor.values.allSatisfy(\.isFinite) else {
                throw GanymedeError.fileMalformed(
                    "\(quoted(name)): \(variable.name) holds a number that is not finite")
            }
            weights[variable.name] = tensor
        }
        let digest = try file.isHashed ? Evaluator.digest(header, weights) : sha256(bytes)
        self.init(header, weights, digest: digest)
    }

    /// The SHA-256 of a file without hashes: the same for an evaluator of any version.
    private static func digest(_ header: Header, _ weights: [String: HostTensor]) throws -> String {
        try sha256(encode(header, weights, isHashed: false))
    }

    /// Writes a file atomically. The bytes depend on the evaluator alone.
    public func write(to path: String) throws {
        let header = Header(
            data: data, classNames: classNames, network: network, temperature: temperature,
            quality: quality, command: command,
            supervision: supervision == .labels ? nil : supervision)
        try Files.writeAtomically(path, [Evaluator.encode(header, weights, isHashed: true)])
    }

    private static func encode(
        _ header: Header, _ weights: [String: HostTensor], isHashed: Bool
    ) throws -> Data {
        let parts = try Safetensors.encoded(
            weights.map { (name: $0, tensor: $1) },
            metadata: [
                "format": isHashed ? format : unhashedFormat,
                "evaluator": JSONValue(encoding: header).text,
            ], isHashed: isHashed)
        return parts.reduce(Data(), +)
    }
}
