import FlyingFox
import Foundation
import Ganymede

/// What a page can ask of a run, each with a JSON object.
enum StudioVerb: String {
    /// Steers the run: `{kind, key, value}`.
    case command
    /// Samples of latent vectors: `{from, to, at, class, offsets, count}`.
    case images
    /// The discriminator's view of an image: `{pixels, class}`.
    case opinion
    /// The training images nearest to one: `{pixels, count}`.
    case nearest
    /// The layers of a network with their outputs: `{network, seed, class}`.
    case layers
    /// For points: the discriminator's surface and samples: `{reach, count}`.
    case plane
    /// A new run from a checkpoint of this one: `{step, key, value, steps}`.
    case fork
    /// For points: a new run on points that were painted: `{points, steps}`.
    case paint

    func answer(_ body: Data, _ run: StudioRun, _ studio: Studio) throws -> HTTPResponse {
        func parsed<Body: Decodable>(_ type: Body.Type) throws -> Body {
            try JSON.decoder().decode(type, from: body)
        }
        switch self {
        case .command: return try parsed(CommandBody.self).answer(run)
        case .images: return try parsed(ImagesBody.self).answer(run)
        case .opinion: return try parsed(OpinionBody.self).answer(run)
        case .nearest: return try parsed(NearestBody.self).answer(run)
        case .layers: return try parsed(LayersBody.self).answer(run)
        case .plane: return try parsed(PlaneBody.self).answer(run)
        case .fork: return try parsed(ForkBody.self).answer(run, studio)
        case .paint: return try parsed(PaintBody.self).answer(run, studio)
        }
    }
}

private struct CommandBody: Decodable {
    let kind: String
    let key: String?
    let value: Ganymede.JSONValue?

    func answer(_ run: StudioRun) throws -> HTTPResponse {
        guard let control = run.control else {
            throw GanymedeError.unsupported(
                "this run is not trained here: start it with ganymede train --studio to steer it")
        }
        try control.send(command())
        return try StudioReply.json(["ok": true])
    }

    private func command() throws -> RunControl.Command {
        switch kind {
        case "pause": return .pause
        case "resume": return .resume
        case "step": return .step
        case "discriminator_step": return .discriminatorStep
        case "generator_step": return .generatorStep
        case "set":
            guard let key, let value, key.hasPrefix("gan.") else { break }
            return .set(key: key, value: value.text)
        default: break
        }
        throw GanymedeError.unknownName("there is no such command")
    }
}

/// Samples as bytes that a page can draw.
private struct Pictures: Encodable {
    let width, height, channels, count: Int
    let pixels: String
    let step: Int?

    init(_ samples: Samples, step: Int?) throws {
        let (bytes, size): ([UInt8], ImageSize)
        switch samples {
        case .images(let found, let image): (bytes, size) = (found, image)
        default:
            throw GanymedeError.unsupported("these samples are no images")
        }
        (width, height, channels) = (size.width, size.height, size.channels)
        count = bytes.count / size.count
        pixels = Data(bytes).base64EncodedString()
        self.step = step
    }
}

private struct ImagesBody: Decodable {
    let from: Int
    let to: Int?
    let at: Double?
    let `class`: Int?
    let offsets: [Double]?
    let count: Int?

    func answer(_ run: StudioRun) throws -> HTTPResponse {
        let look = try run.inspector()
        let (count, offsets) = (count ?? 1, offsets ?? [])
        try check(from, "seed", 0...Int(Int32.max))
        try check(to ?? 0, "seed", 0...Int(Int32.max))
        try check(count, "number of images", 1...64)
        try check(offsets.count, "number of directions", 0...16)
        try look.check(`class`)
        let at = at ?? 0
        guard (0...1).contains(at), offsets.allSatisfy({ abs($0) <= 10 }) else {
            throw GanymedeError.invalidOption("at is from 0 to 1, and offsets from -10 to 10")
        }
        // Several images are those of the seeds that follow, or, with another end, those along the whole arc.
        let latents = (0..<count).map { place in
            look.latent(
                from: look.latent(seed: to == nil ? from + place : from, class: `class`),
                to: look.latent(seed: to ?? from + place, class: `class`),
                at: count > 1 ? Double(place) / Double(count - 1) : at, offsets: offsets)
        }
        return try StudioReply.json(
            Pictures(look.samples(latents), step: run.inspectedStep()))
    }
}

/// Throws a usage error for a number outside its range.
func check(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw GanymedeError.invalidOption(
            "the \(name) is from \(range.lowerBound) to \(range.upperBound), and not \(value)")
    }
}

extension Inspector {
    /// Throws a usage error for a class that the networks do not have.
    func check(_ number: Int?) throws {
        let count = classNames?.count ?? 0
        if let number, !(0..<count).contains(number) {
            throw GanymedeError.invalidOption("there is no class \(number) of \(count)")
        }
    }
}

/// The bytes of an image.
private func image(_ text: String) throws -> [UInt8] {
    guard let data = Data(base64Encoded: text) else {
        throw GanymedeError.invalidOption("pixels are bytes in base64")
    }
    return Array(data)
}

private struct OpinionBody: Decodable {
    let pixels: String
    let `class`: Int?

    private struct Answer: Encodable {
        let logit: Double
        let isReal: Bool
        let gradient: [Float]
        let step: Int?
    }

    func answer(_ run: StudioRun) throws -> HTTPResponse {
        let look = try run.inspector()
        try look.check(`class`)
        let found = try look.opinion(
            on: look.values(of: image(pixels)), class: `class`)
        return try StudioReply.json(
            Answer(
                logit: found.logit, isReal: found.isReal, gradient: found.gradient,
                step: run.inspectedStep()))
    }
}

private struct NearestBody: Decodable {
    let pixels: String
    let count: Int?

    private struct Answer: Encodable {
        /// Places in the training data, nearest first, and root mean squared differences of the pixels.
        let places: [Int]
        let distances: [Double]
        let labels: [String]
        let pictures: Pictures
    }

    func answer(_ run: StudioRun) throws -> HTTPResponse {
        let dataset = try run.dataset()
        let count = min(count ?? 8, dataset.count)
        try check(count, "number of images", 1...32)
        let found = try dataset.nearest(to: image(pixels), count: count)
        let pictures = try Pictures(
            dataset.picking(found.map(\.place)).samples, step: nil)
        return try StudioReply.json(
            Answer(
                places: found.map(\.place), distances: found.map(\.distance),
                labels: found.map { dataset.labelName(of: $0.place) ?? "" }, pictures: pictures))
    }
}

private struct PlaneBody: Decodable {
    let reach: Double?
    let count: Int?

    private struct Answer: Encodable {
        let side: Int
        let reach: Double
        /// Bytes in base64, top row first: 255 for surely real.
        let probabilities: String
        let generated, real: [Float]
        let step: Int?
    }

    func answer(_ run: StudioRun) throws -> HTTPResponse {
        let look = try run.inspector()
        let real = Array(try (run.dataset().points ?? []).prefix(1000))
        let widest = real.reduce(Float(0)) { max($0, abs($1)) }
        let reach = reach ?? 1.25 * Double(max(widest, 1e-3))
        let count = count ?? 500
        try check(count, "number of points", 1...5000)
        guard reach > 0, reach < 1e6 else {
            throw GanymedeError.invalidOption("reach is above 0 and below a million")
        }
        let (side, probabilities) = try look.surface(reach: reach)
        guard case .points(let made) = try look.samples((0..<count).map { look.latent(seed: $0) })
        else { throw GanymedeError.unsupported("these samples are no points") }
        let bytes = probabilities.map { UInt8(max(0, min(255, ($0 * 255).rounded()))) }
        return try StudioReply.json(
            Answer(
                side: side, reach: reach, probabilities: Data(bytes).base64EncodedString(),
                generated: made, real: real, step: run.inspectedStep()))
    }
}

private struct ForkBody: Decodable {
    let step: Int
    let key, value: String?
    let steps: Int?

    func answer(_ run: StudioRun, _ studio: Studio) throws -> HTTPResponse {
        let change = key.flatMap { key in value.map { (key: key, value: $0) } }
        let fork = try run.directory.fork(at: step, changing: change, steps: steps)
        return try StudioReply.json(["run": studio.forks.train(fork, in: studio)])
    }
}

private struct PaintBody: Decodable {
    let points: [Float]
    let steps: Int?

    func answer(_ run: StudioRun, _ studio: Studio) throws -> HTTPResponse {
        let fork = try run.directory.repainted(points, steps: steps)
        return try StudioReply.json(["run": studio.forks.train(fork, in: studio)])
    }
}
