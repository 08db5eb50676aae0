/// Quotes a path so that it can be copied into a shell as one word that runs nothing. Plain paths stay as they are;
/// others are put in quotes, with control characters escaped.
public func quoted(_ path: String) -> String {
    // A leading dash would make it an option.
    quotedWord(path.hasPrefix("-") ? "./\(path)" : path)
}

/// Quotes any word of a command in the same way.
package func quotedWord(_ path: String) -> String {
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
    // `$'...'` is understood by Bash, Zsh and the newest POSIX.
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
