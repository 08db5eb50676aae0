import Foundation
import Ganymede
import TestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reports and pictures of a run's folder.
@Suite(.timeLimit(.minutes(20)))
struct ReportTests {
    func html(_ run: Trainer.Outcome) throws -> String {
        try String(contentsOfFile: "\(run.directory.path)/report.html", encoding: .utf8)
    }

    /// The page is well formed and self-contained.
    func expectStandsAlone(_ html: String) {
        let parser = XMLParser(data: Data(html.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!html.contains("://") && !html.contains("<script") && !html.contains("url("))
        #expect(html.matches(of: /(src|href)="/).count == html.matches(of: /<img\b/).count)
        #expect(html.matches(of: /src="data:image/).count == html.matches(of: /<img\b/).count)
    }

    @Test func reportStandsAlone() throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 3)
        let html = try html(run)
        expectStandsAlone(html)
        // Five curves, each with its name beside its end.
        #expect(html.matches(of: /<polyline [^>]*class="s\d/).count == 5)
        // Two pictures, the animation, and both grids of the run.
        #expect(html.matches(of: /<img\b/).count == 5)
        #expect(html.contains("<td>gan.generator.layers.0.units</td><td>16</td>"))
        #expect(html.contains("Model: &quot;discriminator&quot;"))
        #expect(html.contains("step 3, epoch 0.0: D accuracy "))
        #expect(html.contains("<h1>gan <small>run</small></h1>"))
    }

    /// The output of a critic does not say what is real: its report has no accuracies.
    @Test func criticsHaveNoAccuracy() throws {
        let folder = try TemporaryFolder()
        var gan = try tinyGAN()
        gan.loss = WassersteinLoss()
        let config = TrainingConfig(batch: 16, steps: 2, grid: [1, 2])
        let options = RunOptions(preset: "critic", data: "mnist", gan: gan, training: config)
        let html = try html(Trainer(options).train(into: "\(folder.path)/run"))
        expectStandsAlone(html)
        #expect(html.matches(of: /<polyline [^>]*class="s\d/).count == 2)
        #expect(html.contains("step 2, epoch 0.0<") && !html.contains("Accuracies"))
    }

    /// Before the first step and after one, with names that contain special characters of HTML and shells.
    @Test(arguments: [0, 1])
    func shortRunsOfOddNames(steps: Int) throws {
        let folder = try TemporaryFolder()
        var config = TrainingConfig(batch: 16, steps: 1, grid: [1, 2])
        config.milestones = [1, 0, 0]
        let odd = "a<b>&\"'\u{1}c"
        let options = RunOptions(preset: odd, data: "mnist", gan: try tinyGAN(), training: config)
        var trainer = Trainer(options)
        trainer.shouldStop = { steps == 0 }
        let run = try trainer.train(into: "\(folder.path)/\(odd)")
        #expect(run.step == steps)
        let html = try html(run)
        expectStandsAlone(html)
        #expect(html.contains("<h1>a&lt;b&gt;&amp;&quot;'c <small>"))
        #expect(html.contains("\(steps) steps of 16 images"))
        let curves = "\(run.directory.path)/curves.png"
        #expect(FileManager.default.fileExists(atPath: curves) == (steps > 0))
        #expect(html.contains("Milestones") == (steps > 0))
        #expect(html.contains("c' --steps 2\n") == (steps > 0))
    }

    /// A tampered journal is shown as far as possible, without a trap.
    @Test func tamperedJournals() throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 1)
        let path = "\(run.directory.path)/journal.jsonl"
        let line = try String(contentsOfFile: path, encoding: .utf8)
        func with(_ step: Int, _ loss: String, _ share: String, _ seconds: String) -> String {
            line.replacing(/"step":1/, with: "\"step\":\(step)")
                .replacing(/"seconds":[^,]*/, with: "\"seconds\":\(seconds)")
                .replacing(/"([dg])_loss":[^,]*/) { "\"\($0.1)_loss\":\(loss)" }
                .replacing(/"d_acc_real":[^,]*/, with: "\"d_acc_real\":\(share)")
        }
        let lines = [
            with(-5, "1", "1", "1"), with(2, "1e300", "-1e300", "3"), "{\"step\":", "\n",
            with(3, "-1e300", "1e300", "1e300"), with(4, "1", "1", "-1e300"),
            with(2, "1", "1", "1"),
            with(1_000_000_000, "1", "1", "9"), with(Int.max, "1", "1", "9"),
        ]
        try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
        _ = try Report.write(run.directory.path)
        let html = try html(run)
        expectStandsAlone(html)
        #expect(html.contains("1,000,000,000 steps"))
    }

    /// Milestones are sampled, shown side by side with real images, and may change when a run is resumed.
    @Test func milestonesStandSideBySide() throws {
        let folder = try TemporaryFolder()
        var config = TrainingConfig(batch: 16, steps: 3, grid: [2, 2])
        config.milestones = [0, 2, 5, 900]
        let path = "\(folder.path)/run"
        _ = try Trainer(try tinyGAN(), data: .mnist, config: config).train(into: path)
        func width() throws -> Int {
            let data = try Data(contentsOf: URL(filePath: "\(path)/milestones.png"))
            return try Raster(png: data, channels: 3, "test").width
        }
        // A grid of 2 x 2 digits of 28 pixels, twice as large, and gaps of 4; 16 between grids.
        #expect(try width() == 16 + 3 * (124 + 16))
        _ = try Trainer.resume(path, steps: 6)
        #expect(try width() == 16 + 4 * (124 + 16))
        let samples = try FileManager.default.contentsOfDirectory(atPath: "\(path)/samples")
        let steps = [0, 2, 3, 5, 6].map { "step-00000\($0).png" }
        #expect(samples.sorted() == ["real.png"] + steps)
        let file = "\(path)/config.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing("900", with: "7").write(toFile: file, atomically: true, encoding: .utf8)
        _ = try Trainer.resume(path, steps: 7)
        #expect(try width() == 16 + 5 * (124 + 16))
    }

    /// A `config.json` older than these options can be read.
    /// A run without milestones has all its grids, sixty at most, in about as many rows as columns.
    @Test func longRunsHaveSixtyMilestones() throws {
        let folder = try TemporaryFolder()
        var config = TrainingConfig(batch: 16, steps: 70, sampleEvery: 1, grid: [2, 2])
        config.healthEvery = 0
        let path = "\(folder.path)/run"
        _ = try Trainer(try tinyGAN(), data: .mnist, config: config).train(into: path)
        let data = try Data(contentsOf: URL(filePath: "\(path)/milestones.png"))
        let picture = try Raster(png: data, channels: 3, "test")
        // Sixty grids and the real images, each of 124 pixels above a caption of 24.
        #expect(picture.width == 16 + 8 * (124 + 16) && picture.height == 16 + 8 * (124 + 40))
    }

    /// A strip below the picture, which says more than its colour.
    @Test(arguments: [1, 3])
    func captionsStandBelow(channels: Int) throws {
        let picture = Raster(
            height: 60, width: 124, channels: channels,
            pixels: (0..<60 * 124 * channels).map { UInt8($0 % 251) })
        let (two, twenty) = (try picture.captioned("step 2"), try picture.captioned("step 20"))
        #expect(two.width == 124 && two.height == 78 && two.channels == channels)
        #expect(two.pixels.starts(with: picture.pixels))
        let strips = [two, twenty].map { Set($0.pixels.dropFirst(picture.pixels.count)) }
        #expect(strips.allSatisfy { $0.count > 1 } && two != twenty)
    }

    /// The best figure of a row is marked in its own direction, and only where figures can be compared.
    @Test func theBestIsMarked() throws {
        func best(_ name: String, _ values: Double?...) throws -> Set<Int> {
            try #require(Glossary.entry(name)).better.best(of: values)
        }
        #expect(try best("fid", 3, 1, nil, 1) == [1, 3])
        #expect(try best("precision", 0.5, 0.75, 0.25) == [1])
        #expect(try best("density", 0.75, 1.125, 1.5) == [1])
        #expect(try best("fid", 2, 2) == [] && best("fid", 2, nil) == [])
        #expect(try best("d_loss", 1, 2) == [])
    }

    @Test func olderOptionsAreRead() throws {
        let options = RunOptions(
            data: "mnist", gan: try tinyGAN(), training: .init(milestones: [4]))
        guard case .object(var fields) = try JSONValue(encoding: options) else { return }
        fields["milestones"] = nil
        fields["announce_samples"] = nil
        let older = try JSON.decoder().decode(
            RunOptions.self, from: JSON.encoder().encode(JSONValue.object(fields)))
        #expect(older.training.milestones.isEmpty && !older.training.announceSamples)
        #expect(throws: GanymedeError.self) {
            var wrong = options
            wrong.training.milestones = [-1]
            _ = try wrong.validated()
        }
    }

    @Test(arguments: [
        (0, 1, 4, [0, 0.25, 0.5, 0.75, 1], 2), (0, 5.3, 5, [0, 2, 4, 6], 0),
        (-1, 0.2, 5, [-1, -0.75, -0.5, -0.25, 0, 0.25], 2),
        (0, 0, 5, [0, 0.2, 0.4, 0.6, 0.8, 1], 1),
        (0, 1e12, 5, [0, 2e11, 4e11, 6e11, 8e11, 1e12], 0),
    ])
    func axesEndAtRoundNumbers(
        low: Double, high: Double, parts: Int, marks: [Double], places: Int
    ) {
        let axis = Axis(from: low, to: high, parts: parts)
        #expect(axis.places == places && axis.marks.count == marks.count, "\(axis)")
        for (found, expected) in zip(axis.marks, marks) {
            #expect(abs(found - expected) <= 1e-9 * max(abs(expected), 1e-3), "\(axis)")
        }
    }

    @Test func curvesAreSmoothed() {
        #expect(windowed([0, 3, 0, 6, 9], radius: 1) == [0, 1, 3, 5, 7.5])
        #expect(thinned([1, 3, 5, 7, 9, 11], to: 3) == [2, 6, 10])
        #expect(windowed([], radius: 1).isEmpty && thinned([], to: 3).isEmpty)
    }

    @Test func accuracyIsAMean() {
        let reports = [(1.0, 0.5, 0.2), (0.5, 0.75, 0.4)].map {
            StepReport(dAccReal: $0.0, dAccFake: $0.1, gAcc: $0.2)
        }
        #expect(
            MeanAccuracy(reports).text
                == "D accuracy 69% (real 75% generated 63%)  G accuracy 30%")
    }
}
