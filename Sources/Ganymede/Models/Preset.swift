/// A system that is known by name, as a function of the images' side and channels.
///
/// To add one, write a file like `MLP.swift` and its line in ``Presets/all``.
public struct Preset: Sendable {
    /// As `--preset` takes it.
    public let name: String
    /// One line for a list.
    public let about: String
    /// Sides in pixels that it can take.
    public let sizes: ClosedRange<Int>
    /// Its usual batch, length and grid.
    public let training: TrainingConfig
    /// The networks for images of a side and a number of channels.
    public let make: @Sendable (_ size: Int, _ channels: Int) -> GAN

    /// The system for images of `size` pixels and `channels` channels, where it has one.
    public func gan(size: Int = 28, channels: Int = 1) throws -> GAN {
        guard channels == 1 || channels == 3 else {
            throw GanymedeError.usage("--channels is 1 or 3, not \(channels)")
        }
        guard sizes.contains(size) else {
            let nearest = min(max(size, sizes.lowerBound), sizes.upperBound)
            throw GanymedeError.usage(
                "\(name) cannot make images of \(size) pixels; the nearest it can is \(nearest)")
        }
        return make(size, channels)
    }
}

/// Every preset.
public enum Presets {
    /// The registry. The first is what a bare `ganymede train` takes.
    public static let all: [Preset] = [.mlp]

    /// The preset called `name`.
    public static func named(_ name: String) throws -> Preset {
        if let preset = all.first(where: { $0.name == name }) { return preset }
        let names = all.map(\.name)
        throw GanymedeError.usage(
            "there is no preset \"\(name)\"." + suggestion(for: name, among: names)
                + " Presets: \(names.joined(separator: ", "))")
    }
}
