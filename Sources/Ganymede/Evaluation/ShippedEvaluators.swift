import CResources
package import FoundationEssentials

extension Evaluator {
    /// SHA-256 of the evaluators embedded in the command, by the dataset that they were trained on.
    package static let shippedDigests = [
        "mnist": "8a73619fa7b639d3a27d6f1fc2d0a8f42e083bde423437959f09ca5422aa1f3f",
        "fashion-mnist": "74d6c6e63e64b68d7618a9d1510fb7d786d8a6c21c4bc0bcc4b433c20ab255e5",
    ]

    /// The datasets whose evaluators are embedded in the command.
    public static var shippedNames: [String] {
        NamedDataset.all.map(\.name).filter { shippedDigests[$0] != nil }
    }

    /// The bytes of an embedded evaluator. They bear no hashes: the whole is checked.
    package static func shippedFile(_ name: String) -> Data {
        let resource = ganymede_resource_named("evaluators/\(name).safetensors")
        return Data(bytes: resource.bytes, count: resource.count)
    }

    /// The embedded evaluator for the dataset called `name`; nil if there is none.
    public static func shipped(for name: String) throws -> Evaluator? {
        guard let digest = shippedDigests[name] else { return nil }
        let file = "evaluators/\(name).safetensors"
        let evaluator = try Evaluator(shippedFile(name), name: "the embedded \(file)")
        guard evaluator.digest == digest else {
            throw GanymedeError.fileMalformed(
                "the embedded \(file) is damaged: install the command again")
        }
        return evaluator
    }
}
