extension Sequential {
    /// A table as Keras prints it: layer, output shape, parameters.
    public func summary() -> String {
        let rows = trace().map { row in
            [
                "\(row.name) (\(type(of: row.layer).typeName))",
                "(None, " + row.output.map(String.init).joined(separator: ", ") + ")",
                grouped(row.variables.map(\.shape.count).reduce(0, +)),
            ]
        }
        let header = ["Layer (type)", "Output Shape", "Param #"]
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        func rule(_ left: String, _ middle: String, _ right: String, _ line: String) -> String {
            left + widths.map { String(repeating: line, count: $0 + 2) }.joined(separator: middle)
                + right
        }
        func row(_ cells: [String], _ bar: String) -> String {
            let padded = zip(cells, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 2 ? space + cell.0 : cell.0 + space
            }
            return "\(bar) " + padded.joined(separator: " \(bar) ") + " \(bar)"
        }
        let trainable = variables.filter(\.trainable).map(\.shape.count).reduce(0, +)
        var lines = ["Model: \"\(name)\"", rule("┏", "┳", "┓", "━"), row(header, "┃")]
        lines.append(rule("┡", "╇", "┩", "━"))
        lines += [
            rows.map { row($0, "│") }.joined(separator: "\n" + rule("├", "┼", "┤", "─") + "\n")
        ]
        lines.append(rule("└", "┴", "┘", "─"))
        lines.append(" Total params: \(sized(parameterCount))")
        lines.append(" Trainable params: \(sized(trainable))")
        lines.append(" Non-trainable params: \(sized(parameterCount - trainable))")
        return lines.joined(separator: "\n")
    }
}

/// A count of 4-byte values and their size in memory.
private func sized(_ count: Int) -> String {
    let bytes = Double(count * 4)
    let (value, unit) =
        bytes < 1024
        ? (bytes, "B") : bytes < 1_048_576 ? (bytes / 1024, "KB") : (bytes / 1_048_576, "MB")
    return "\(grouped(count)) (\(fixed(value, 2)) \(unit))"
}
