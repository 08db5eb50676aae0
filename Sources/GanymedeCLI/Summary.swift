import ArgumentParser
import Ganymede

/// `ganymede summary`
struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a preset's networks: layers, output shapes, parameters.")

    @Option(help: "A preset: see ganymede presets.") var preset: String
    @Option(help: "Side of an image in pixels (default: 28).") var size: Int?
    @Option(help: "1 for grey, 3 for colour (default: 1).") var channels: Int?

    func run() throws {
        let gan = try Presets.named(preset).gan(size: size, channels: channels)
        print(gan.generator.summary())
        print()
        print(gan.discriminator.summary())
    }
}

/// `ganymede presets`
struct ListPresets: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "presets", abstract: "List the presets.")

    func run() throws {
        let width = Presets.all.map(\.name.count).max() ?? 0
        for preset in Presets.all {
            print(
                preset.name + String(repeating: " ", count: width - preset.name.count + 2)
                    + preset.about)
        }
    }
}
