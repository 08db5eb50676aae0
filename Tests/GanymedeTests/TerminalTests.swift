import Ganymede
import Testing

/// What terminals of different kinds get.
struct TerminalTests {
    static let report = StepReport(
        step: 1200, epoch: 0.64, images: 38_400, seconds: 6, dLoss: 0.612, gLoss: 1.02,
        dAccReal: 0.71, dAccFake: 0.66, gAcc: 0.3, imagesPerSecond: 10_440)

    func line(_ terminal: Terminal, _ name: String = "mlp") -> String {
        ProgressText.line(name, Self.report, of: 30_000, secondsLeft: 161, on: terminal)
    }

    @Test(arguments: [
        (40, "4%  D loss 0.61  G loss 1.02  2m 41s"),
        (80, "step 1200/30000  D loss 0.61  G loss 1.02  D accuracy 69%  2m 41s left"),
        (
            120,
            "mlp  step 1200/30000  D loss 0.61  D accuracy 69%  G loss 1.02  G accuracy 30%  10.4k img/s  "
                + "[----------]  2m 41s left"
        ),
    ])
    func theLineFits(columns: Int, text: String) {
        #expect(line(Terminal(columns: columns)) == text)
    }

    /// At every width, and also for large numbers, a column stays free; and the losses stay as long as there is room.
    @Test func noLineIsTooLong() {
        var large = Self.report
        large.dLoss = -123_456.789
        large.gLoss = 1e300
        for columns in 1...200 {
            for terminal in [
                Terminal(columns: columns), Terminal(columns: columns, isUnicode: true),
            ] {
                let text = line(terminal, "conv-discriminator")
                #expect(text.count < columns, "\(columns): \(text)")
                if columns > 40 { #expect(text.contains("D loss") && text.contains("G loss")) }
                let odd = ProgressText.line(
                    "a", large, of: 1_000_000_000, secondsLeft: .infinity, on: terminal)
                #expect(odd.count < columns)
            }
        }
    }

    /// The output of a critic does not say what is real.
    @Test(arguments: [80, 120, 160]) func criticsHaveNoAccuracy(columns: Int) {
        let text = ProgressText.line(
            "mlp", Self.report, of: 30_000, secondsLeft: 161, isRelative: true,
            on: Terminal(columns: columns))
        #expect(text.contains("D loss 0.61  G loss 1.02") && !text.contains("accuracy"))
    }

    /// Colours change no text, and are only where the terminal has them.
    @Test func coloursAreOptional() {
        let plain = line(Terminal(columns: 100))
        let colourful = line(Terminal(columns: 100, hasColour: true))
        #expect(!plain.contains("\u{1b}") && colourful.contains("\u{1b}[33mD loss 0.61\u{1b}[0m"))
        #expect(colourful.replacing(/\u{1b}\[\d+m/, with: "") == plain)
    }

    @Test func unicodeIsOptional() {
        #expect(line(Terminal(columns: 160)).utf8.allSatisfy { $0 < 128 })
        #expect(line(Terminal(columns: 160, isUnicode: true)).contains("░"))
        // A file has no bar of blocks.
        #expect(line(Terminal(columns: nil, isUnicode: true)).utf8.allSatisfy { $0 < 128 })
        #expect(Terminal(columns: 80).readable("Fréchet 1 ± 2 …ü") == "Frechet 1 +- 2 ...?")
        #expect(Terminal(columns: 80, isUnicode: true).readable("é ±") == "é ±")
    }

    @Test(
        arguments: [
            // Not a terminal, a dumb one, one that does not say its name: no line is rewritten.
            (false, 100, ["TERM": "xterm"], nil, false, true),
            (true, 100, ["TERM": "dumb", "LANG": "C.UTF-8"], nil, false, true),
            (true, 100, [:], nil, false, false),
            (true, 100, ["TERM": "xterm", "LANG": "de_DE.utf8"], 100, true, true),
            (true, nil, ["TERM": "xterm", "COLUMNS": "40"], 40, true, false),
            (true, nil, ["TERM": "xterm", "COLUMNS": "x"], 80, true, false),
            (true, nil, ["TERM": "xterm", "COLUMNS": "-3"], 80, true, false),
            (true, 90, ["TERM": "xterm", "NO_COLOR": "1"], 90, false, false),
            (true, 90, ["TERM": "xterm", "NO_COLOR": ""], 90, true, false),
            (true, 90, ["TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "C"], 90, true, false),
            (false, nil, ["LC_ALL": "C"], nil, false, false),
        ] as [(Bool, Int?, [String: String], Int?, Bool, Bool)])
    func capabilities(
        isTerminal: Bool, width: Int?, environment: [String: String], columns: Int?, colour: Bool,
        unicode: Bool
    ) {
        let found = Terminal(isTerminal: isTerminal, columns: width, environment: environment)
        #expect(found == Terminal(columns: columns, hasColour: colour, isUnicode: unicode))
    }

    /// A best checkpoint of a run that has collapsed is not praised without a word.
    @Test func theBestOfACollapsedRun() {
        var report = Self.report
        report.metrics = ["fid": 90]
        let healthy = ProgressText.evaluation(report, isBest: true, missing: [])
        #expect(healthy.hasSuffix("  best so far"))
        report.ailments = ["mode-collapse"]
        let text = ProgressText.evaluation(report, isBest: true, missing: [])
        #expect(text.hasSuffix("  best so far of a run that ails: mode-collapse"))
    }

    /// Explanations stand in the row where they fit, and else below it.
    @Test func tablesAreExplained() {
        let rows = [["", "a"], ["fid", "1.0"]]
        #expect(
            aligned(rows, explained: ["", "lower is better"])
                == "      a\nfid   1.0   lower is better")
        #expect(
            aligned(rows, explained: ["", "lower is better"], within: 20)
                == "      a\nfid   1.0\n  lower is better")
    }
}
