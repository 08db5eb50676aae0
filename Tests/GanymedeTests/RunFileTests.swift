import Foundation
import Ganymede
import TestSupport
import Testing

/// The files of a run and the options in them.
@Suite(.timeLimit(.minutes(20)))
struct RunFileTests {
    @Test func pngRoundTrip() throws {
        for channels in [1, 3] {
            let pixels = (0..<6 * 5 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) }
            let raster = Raster(height: 6, width: 5, channels: channels, pixels: pixels)
            #expect(try Raster(png: raster.png(), channels: channels, "test") == raster)
        }
        #expect(throws: GanymedeError.self) {
            try Raster(png: Data("no picture".utf8), channels: 1, "test")
        }
    }

    @Test func gridPlacesImagesInRows() {
        let images = (0..<3).flatMap { [UInt8](repeating: UInt8($0 * 100), count: 4) }
        let grid = Raster.grid(images, image: [2, 2, 1], rows: 2, columns: 2, scale: 1, gap: 1)
        #expect(grid.height == 7 && grid.width == 7)
        let (edge, empty): (UInt8, UInt8) = (96, 96)
        let (a, b, c): (UInt8, UInt8, UInt8) = (0, 100, 200)
        let rows: [[UInt8]] = [
            [edge, edge, edge, edge, edge, edge, edge], [edge, a, a, edge, b, b, edge],
            [edge, a, a, edge, b, b, edge], [edge, edge, edge, edge, edge, edge, edge],
            [edge, c, c, edge, empty, empty, edge], [edge, c, c, edge, empty, empty, edge],
            [edge, edge, edge, edge, edge, edge, edge],
        ]
        #expect(grid.pixels == rows.flatMap { $0 })
    }

    /// Also for a frame that equals the one before.
    @Test(arguments: [1, 3])
    func gifHasEveryFrame(channels: Int) throws {
        let frames = [0, 90, 90].map { (grey: UInt8) in
            Raster(
                height: 8, width: 8, channels: channels,
                pixels: [UInt8](repeating: grey, count: 64 * channels))
        }
        let gif = try Raster.gif(frames, hundredths: 10, ends: 50)
        #expect(gif.starts(with: Data("GIF89a".utf8)) && gif.last == 0x3b)
        // A graphic control extension starts each frame.
        let bytes = [UInt8](gif)
        let controls = bytes.indices.dropLast(2).filter {
            Array(bytes[$0..<$0 + 3]) == [0x21, 0xf9, 0x04]
        }
        #expect(controls.map { bytes[$0 + 4] } == [50, 10, 50])
    }

    @Test func optionsSurviveTheirFile() throws {
        let options = try RunOptions(preset: .mlp, size: 16, channels: 3)
        let copy = try JSON.decoder().decode(RunOptions.self, from: Data(options.text().utf8))
        #expect(copy == options)
    }

    @Test func optionsAreSetByPath() throws {
        let options = try RunOptions(preset: .mlp, size: nil, channels: nil)
        let set = try options.setting([
            "batch=64", "label_smoothing=0.1", "gan.generator_optimizer.learning_rate=0.5",
            "loss=minimax",
        ])
        #expect(
            set.training.batch == 64
                && set.gan.loss.isEqual(to: MinimaxLoss(labelSmoothing: 0.1)))
        #expect((set.gan.generatorOptimizer as? Adam)?.learningRate == 0.5)
        #expect((set.gan.discriminatorOptimizer as? Adam)?.learningRate == 2e-4)
        let more = try options.setting([
            "milestones=[0,5]", "epoch_steps=7", "init_from=runs/a", "grid.0=2",
        ])
        #expect(more.training.milestones == [0, 5] && more.training.epochSteps == 7)
        #expect(more.initFrom == "runs/a" && more.training.grid == [2, 5])
        #expect(try more.setting(["epoch_steps=null"]).training.epochSteps == nil)
        let forger = try RunOptions(preset: .forger).setting([
            "generator_optimizer.clip_value=null", "discriminator_optimizer.clip_value=0.5",
        ])
        #expect((forger.gan.generatorOptimizer as? RMSprop)?.clipValue == nil)
        #expect((forger.gan.discriminatorOptimizer as? RMSprop)?.clipValue == 0.5)
        for wrong in ["", "=", "batch", "batch=x", "nothing=1", "kind=adam", "loss=hing", "data"] {
            #expect(throws: GanymedeError.self, "\(wrong)") { try options.setting([wrong]) }
        }
    }

    @Test func progressLineSaysWhatCounts() {
        let report = StepReport(
            step: 1200, epoch: 0.64, images: 38_400, seconds: 6, dLoss: 0.612, gLoss: 1.02,
            dAccReal: 0.71,
            dAccFake: 0.66, gAcc: 0.3, imagesPerSecond: 10_440)
        #expect(
            ProgressText.line("mlp", report, of: 30_000, secondsLeft: 161)
                == "mlp  step 1200/30000  epoch 0.6  D loss 0.61  D accuracy 69% (real 71% generated 66%)  "
                + "G loss 1.02  G accuracy 30%  10.4k img/s  [----------]  2m 41s left")
    }

    @Test(arguments: [
        (0.5, "1s"), (59.4, "59s"), (61, "1m 01s"), (3661, "1h 01m"), (.infinity, "?"),
    ])
    func durations(seconds: Double, text: String) { #expect(duration(seconds) == text) }

    @Test func namesAreSuggested() {
        #expect(suggestion(for: "mpl", among: ["mlp", "dcgan"]) == " Did you mean \"mlp\"?")
        #expect(suggestion(for: "quite-another", among: ["mlp", "dcgan"]).isEmpty)
    }
}
