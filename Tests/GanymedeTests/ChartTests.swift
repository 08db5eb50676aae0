import Foundation
import Ganymede
import TestSupport
import Testing

/// What charts show of curves, and that everyone can read them.
struct ChartTests {
    /// One curve that diverges does not set the range of the others, and a spike not that of its own curve.
    @Test func limitsAreRobust() {
        let quiet = (0..<300).map { 0.5 + Double($0 % 7) / 10 }
        let diverging = (0..<300).map { LibMExp.exp(Double($0) / 10) }
        let (low, high) = robustLimits([quiet, diverging])
        #expect(low >= 0 && high >= 1.1 && high <= 20)
        var spike = quiet
        spike[150] = 15
        #expect(robustLimits([spike]).high < 1.2)
        // Nothing is cut off without need: a saturated discriminator, a Wasserstein loss, a steep start.
        #expect(robustLimits([quiet, quiet.map { $0 * 10 }]) == (0.5, 11))
        #expect(robustLimits([quiet.map { -300 * $0 }]).low == -330)
        #expect(robustLimits([[3] + quiet]).high == 3)
        #expect(robustLimits([]) == (0, 1) && robustLimits([[]]) == (0, 1))
        #expect(robustLimits([[2]]) == (2, 2))
    }

    @Test func scalesAreLogarithmicWhereFactorsCount() {
        let distances = [300, 40, 3, 0.9]
        let scale = ValueScale([distances], mayBeLogarithmic: true)
        #expect(scale.isLogarithmic && scale.labels.first == "0.5000" && scale.high == 500)
        #expect(scale.fraction(0.5) == 0 && scale.fraction(500) == 1)
        #expect(abs(scale.fraction(0.5 * 1000.0.squareRoot()) - 0.5) < 1e-9)
        #expect(scale.fraction(1e9) == 1 && scale.fraction(0) == 0)
        for values: [Double] in [[30, 29, 10], [0, 30, 3000], [-1, 30, 300], []] {
            #expect(!ValueScale([values], mayBeLogarithmic: true).isLogarithmic)
        }
        #expect(!ValueScale([distances]).isLogarithmic)
        #expect(
            ValueScale([[1, 1e6]], mayBeLogarithmic: true).labels.prefix(3) == ["1", "10", "100"])
        #expect(ValueScale([[0.4]], isShare: true).labels == ["0%", "25%", "50%", "75%", "100%"])
    }

    @Test(
        arguments: [
            ([10, 11, 12], [10, 24, 38]), ([90, 95, 99], [72, 86, 100]), ([50], [50]), ([], []),
            ([10, 50, 90], [10, 50, 90]), ([0, 0, 0], [0, 14, 28]), ([200], [100]),
        ] as [([Double], [Double])])
    func namesDoNotOverlap(heights: [Double], places: [Double]) {
        #expect(spread(heights, apart: 14, from: 0, to: 100) == places)
        // More than fit are as far apart as they can be.
        let many = spread([Double](repeating: 50, count: 21), apart: 14, from: 0, to: 100)
        #expect(many == (0...20).map { Double($0) * 5 })
    }

    @Test func dashesCoverTheirShare() {
        func length(_ parts: [[(x: Double, y: Double)]]) -> Double {
            parts.map { part in
                zip(part, part.dropFirst()).reduce(0) { $0 + abs($1.1.x - $1.0.x) }
            }.reduce(0, +)
        }
        let line = (0...100).map { (x: Double($0), y: 0.0) }
        #expect(dashed(line, []).count == 1)
        let parts = dashed(line, [6, 4])
        #expect(parts.count == 10 && abs(length(parts) - 60) < 1e-9)
        #expect(parts.dropFirst().allSatisfy { $0.count >= 2 })
        #expect(dashed([(0, 0)], [6, 4]).count == 1)
    }

    @Test func keysAreInNaturalOrder() {
        let keys = [
            "layers.10.units", "layers.2.units", "layers.2.kind", "a", "layers", "b2", "b10",
        ]
        #expect(
            keys.sorted(by: isBefore)
                == [
                    "a", "b2", "b10", "layers", "layers.2.kind", "layers.2.units",
                    "layers.10.units",
                ])
        #expect(!isBefore("a", "a") && isBefore("a1", "a01") != isBefore("a01", "a1"))
        #expect(isBefore("a99999999999999999999", "b"))
    }

    /// The charts of a run that diverges say what is cut off; a healthy one says nothing.
    @Test(arguments: [1.0, 1e6])
    func whatIsCutOffIsSaid(factor: Double) throws {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 1)
        let path = run.directory.path
        let lines = (1...200).map { step in
            var report = StepReport(step: step, dLoss: 0.5, gLoss: step > 150 ? factor : 1)
            report.seconds = Double(step)
            var line: [UInt8] = []
            report.append(to: &line)
            return String(decoding: line, as: UTF8.self)
        }
        try lines.joined().write(toFile: "\(path)/journal.jsonl", atomically: true, encoding: .utf8)
        _ = try Report.write(path)
        let svg = try String(contentsOfFile: "\(path)/curves.svg", encoding: .utf8)
        #expect(svg.contains("cut off: points of G loss 50 above ") == (factor > 1))
        // The axis of the losses is that of the healthy part.
        #expect(svg.contains(">0.6</text>") && !svg.contains("00000</text>"))
        // A file of its own, with its colours, for light and dark.
        #expect(svg.hasPrefix("<svg xmlns=") && svg.contains("prefers-color-scheme:dark"))
        let png = try Data(contentsOf: URL(filePath: "\(path)/curves.png"))
        let picture = try Raster(png: png, channels: 3, "curves.png")
        #expect(picture.width == 2 * 760 && picture.height == 2 * 540)
    }
}

/// The exponential function for tests.
private enum LibMExp {
    static func exp(_ x: Double) -> Double { Foundation.exp(x) }
}

/// Colours of pages, as a browser computes them.
struct ColourTests {
    typealias Colour = [Double]

    /// The variables of the style sheet for light and for dark.
    func palettes() throws -> (light: [String: Colour], dark: [String: Colour], style: String) {
        let folder = try TemporaryFolder()
        let run = try trainTiny(into: "\(folder.path)/run", steps: 1)
        let page = try String(
            contentsOfFile: "\(run.directory.path)/report.html", encoding: .utf8)
        let style = try #require(page.firstMatch(of: /<style>([^<]*)<\/style>/)).1
        let roots = style.matches(of: /:root\{([^}]*)\}/).map(\.1)
        #expect(roots.count == 2)
        let found = roots.map { root in
            Dictionary(
                uniqueKeysWithValues: root.matches(of: /--(\w+):#([0-9a-f]+)/).map { match in
                    let digits =
                        match.2.count == 3 ? match.2.map { "\($0)\($0)" }.joined() : String(match.2)
                    let number = Int(digits, radix: 16) ?? 0
                    return (
                        String(match.1),
                        [16, 8, 0].map { linear(Double(number >> $0 & 255) / 255) }
                    )
                })
        }
        return (found[0], found[1], String(style))
    }

    /// WCAG 2.1: relative luminance, contrast.
    func linear(_ part: Double) -> Double {
        part <= 0.04045 ? part / 12.92 : Foundation.pow((part + 0.055) / 1.055, 2.4)
    }

    func encoded(_ part: Double) -> Double {
        part <= 0.0031308 ? 12.92 * part : 1.055 * Foundation.pow(part, 1 / 2.4) - 0.055
    }

    func contrast(_ a: Colour, _ b: Colour) -> Double {
        let lights = [a, b].map { 0.2126 * $0[0] + 0.7152 * $0[1] + 0.0722 * $0[2] }.sorted()
        return (lights[1] + 0.05) / (lights[0] + 0.05)
    }

    /// Every colour of text, names of curves included, has a contrast of 4.5:1 with the page, in light and dark; and a
    /// number on the cells of a confusion matrix has it with them.
    @Test func contrastIsEnough() throws {
        let (light, dark, style) = try palettes()
        for palette in [light, dark] {
            #expect(palette.count == 10)
            let ground = try #require(palette["ground"])
            for (name, colour) in palette where !["ground", "rule"].contains(name) {
                #expect(contrast(colour, ground) >= 4.5, "\(name)")
            }
            for cell in ["s0", "s1"] {
                // Browsers mix the encoded values.
                let mixed = zip(try #require(palette[cell]), ground).map {
                    linear(0.4 * encoded($0) + 0.6 * encoded($1))
                }
                #expect(contrast(try #require(palette["ink"]), mixed) >= 4.5)
            }
        }
        // No text has a colour from elsewhere.
        for match in style.matches(of: /[;{](?:color|fill):([^;}]*)/) {
            #expect(match.1 == "none" || match.1.hasPrefix("var(--"), "\(match.0)")
        }
    }

    /// Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009).
    static let vision: [[[Double]]] = [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [
            [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ]

    /// Distance in CIELAB (1976) as someone with that vision sees it.
    func distance(_ a: Colour, _ b: Colour, _ vision: [[Double]]) -> Double {
        func lab(_ colour: Colour) -> [Double] {
            let seen = vision.map { row in
                min(max(zip(row, colour).reduce(0) { $0 + $1.0 * $1.1 }, 0), 1)
            }
            func f(_ t: Double) -> Double {
                t > 0.008856 ? Foundation.cbrt(t) : 7.787 * t + 16.0 / 116
            }
            let x = f((0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.9505)
            let y = f(0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2])
            let z = f((0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.089)
            return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
        }
        return zip(lab(a), lab(b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    /// Twelve runs have twelve looks, and those with the same dash differ in colour for every kind of colour vision. So do
    /// the curves of one run, whatever their dashes.
    @Test func linesAreToldApart() throws {
        let (light, dark, _) = try palettes()
        let looks = (0..<12).map { (colour: "s\($0 % 6)", dash: $0 % 4) }
        #expect(Set(looks.map { "\($0)" }).count == 12)
        for palette in [light, dark] {
            for vision in ColourTests.vision {
                for (i, a) in looks.enumerated() {
                    for (j, b) in looks.enumerated() where i < j {
                        if a.dash != b.dash && max(i, j) > 2 || a.colour == b.colour { continue }
                        let (x, y) = (
                            try #require(palette[a.colour]), try #require(palette[b.colour])
                        )
                        #expect(distance(x, y, vision) >= 10, "\(a) \(b)")
                    }
                }
            }
        }
        // The colours of the first version could not be told apart: both looked brown.
        let (red, green) = ([0xd1, 0x49, 0x5b], [0x3a, 0x9d, 0x5d])
        let old = [red, green].map { $0.map { linear(Double($0) / 255) } }
        #expect(distance(old[0], old[1], ColourTests.vision[2]) < 25)
    }
}
