import FlyingFox
import Foundation
import Ganymede

/// `{network, seed, class}`: the layers of a network for the sample of a seed.
struct LayersBody: Decodable {
    let network: String
    let seed: Int?
    let `class`: Int?

    /// A layer as the page draws it.
    private struct Row: Encodable {
        let name, type, shape: String
        let parameters: Int
        /// Its share of the time of a training step; nil if that is not known.
        let share: Double?
        /// The size of the maps, how many are shown and how many there are.
        let width, height, shown, channels: Int
        /// The maps one after the other, bytes in base64, each from its least to its greatest value.
        let maps: String
    }

    private struct Answer: Encodable {
        let layers: [Row]
        let step: Int?
    }

    private static let mostMaps = 16
    private static let mostNumbers = 1024

    func answer(_ run: StudioRun) throws -> HTTPResponse {
        let look = try run.inspector()
        guard
            let player = [
                "generator": StepBuilder.Player.generator, "discriminator": .discriminator,
            ][network]
        else { throw GanymedeError.unknownName("the networks are generator and discriminator") }
        try check(seed ?? 0, "seed", 0...Int(Int32.max))
        try look.check(`class`)
        let latent = look.latent(seed: seed ?? 0, class: `class`)
        let shares = try run.shares(of: player)
        let rows = try look.layers(of: player, for: latent).map {
            LayersBody.row($0, shares[$0.name])
        }
        return try StudioReply.json(Answer(layers: rows, step: run.inspectedStep()))
    }

    private static func row(_ view: Inspector.LayerView, _ share: Double?) -> Row {
        let shape = view.shape
        let (height, width, channels) =
            shape.count == 3 ? (shape[0], shape[1], shape[2]) : (1, view.output.count, 1)
        var maps: [UInt8] = []
        let isFlat = shape.count != 3
        let shown = min(channels, mostMaps)
        let count = isFlat ? min(width, mostNumbers) : height * width
        for channel in 0..<shown {
            let values = (0..<count).map { view.output[isFlat ? $0 : $0 * channels + channel] }
            let (low, high) = (values.min() ?? 0, values.max() ?? 0)
            let range = high > low ? high - low : 1
            maps += values.map {
                $0.isFinite ? UInt8(max(0, min(255, (($0 - low) / range * 255).rounded()))) : 0
            }
        }
        return Row(
            name: view.name, type: view.type,
            shape: shape.map(String.init).joined(separator: " × "), parameters: view.parameters,
            share: share, width: isFlat ? count : width, height: height, shown: shown,
            channels: channels, maps: Data(maps).base64EncodedString())
    }
}
