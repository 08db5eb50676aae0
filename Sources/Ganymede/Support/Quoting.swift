/// A path as a person can copy it from the terminal into a shell, where it is one word and runs nothing: as it is if it
/// holds only plain characters, otherwise in quotes, with control characters spelled out.
public func quoted(_ path: String) -> String {
    // A dash in front would make it an option.
    let path = path.hasPrefix("-") ? "./\(path)" : path
    let isPlain = path.unicodeScalars.allSatisfy { scalar in
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            || "/._-+,:@%".unicodeScalars.contains(scalar)
    }
    if isPlain && !path.isEmpty { return path }
    let isPrintable = path.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
    if isPrintable { return "'\(path.replacing("'", with: "'\\''"))'" }
    // Bash, Zsh and the newest POSIX know this kind of quotes.
    let spelled = path.utf8.map { byte -> String in
        switch byte {
        case UInt8(ascii: "\n"): "\\n"
        case UInt8(ascii: "\t"): "\\t"
        case UInt8(ascii: "'"): "\\'"
        case UInt8(ascii: "\\"): "\\\\"
        case 0x20..<0x7f: String(UnicodeScalar(byte))
        default: "\\" + String(byte >> 6) + String(byte >> 3 & 7) + String(byte & 7)
        }
    }
    return "$'\(spelled.joined())'"
}
