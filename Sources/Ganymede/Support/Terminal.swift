import FoundationEssentials
import Glibc

/// What an output can show: its width, and whether lines can be rewritten, coloured and written in Unicode.
package struct Terminal: Sendable, Equatable {
    /// Columns of a line; nil if lines cannot be rewritten, as in files and on dumb terminals.
    package var columns: Int?
    package var hasColour = false
    package var isUnicode = false

    /// A file or a pipe.
    package static let plain = Terminal(columns: nil)

    package init(columns: Int?, hasColour: Bool = false, isUnicode: Bool = false) {
        self.columns = columns
        self.hasColour = hasColour
        self.isUnicode = isUnicode
    }

    /// What an output can show by the environment's variables.
    ///
    /// - Parameters:
    ///   - isTerminal: whether it is one.
    ///   - columns: its width; nil if it does not say.
    package init(isTerminal: Bool, columns: Int?, environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let isRewritable = isTerminal && value("TERM") ?? "dumb" != "dumb"
        if isRewritable {
            let known = columns ?? value("COLUMNS").flatMap { Int($0) } ?? 80
            self.columns = known > 0 ? known : 80
        }
        // https://no-color.org
        hasColour = isRewritable && value("NO_COLOR") == nil
        // Without a word about it a terminal has ASCII, and files are in UTF-8.
        let locale = value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG")
        isUnicode =
            locale.map { $0.lowercased().replacing("-", with: "").contains("utf8") }
            ?? !isTerminal
    }

    /// What is known of an open file.
    package static func of(_ descriptor: Int32) -> Terminal {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return Terminal(
            isTerminal: isatty(descriptor) == 1, columns: isKnown ? Int(size.ws_col) : nil,
            environment: environment)
    }

    private static let environment = ProcessInfo.processInfo.environment

    /// The text in ASCII where the output has nothing else.
    package func readable(_ text: String) -> String {
        if isUnicode { return text }
        let plain = text.replacing("±", with: "+-").replacing("é", with: "e")
            .replacing("…", with: "...")
        return String(String.UnicodeScalarView(plain.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
    }
}

/// The colour or weight of a text on a terminal.
package enum TextStyle: Sendable {
    case plain, bold
    /// The colours of the discriminator and the generator: yellow and cyan, which colour-blind readers tell apart.
    case discriminator, generator

    /// The text with the codes of ECMA-48 around it.
    func around(_ text: String) -> String {
        switch self {
        case .plain: text
        case .bold: "\u{1b}[1m\(text)\u{1b}[0m"
        case .discriminator: "\u{1b}[33m\(text)\u{1b}[0m"
        case .generator: "\u{1b}[36m\(text)\u{1b}[0m"
        }
    }
}
