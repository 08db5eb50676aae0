/// Rows and columns of a window, a stride or a factor. Written as `5` or `[5, 3]`.
public struct Extent2D: Codable, Equatable, Sendable, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral
{
    /// Along the height.
    public let rows: Int
    /// Along the width.
    public let columns: Int

    /// The given rows and columns.
    public init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    /// As many rows as columns.
    public init(_ side: Int) { self.init(rows: side, columns: side) }

    public init(integerLiteral value: Int) { self.init(value) }

    public init(arrayLiteral elements: Int...) {
        if elements.count != 2 { misuse("rows and columns are two numbers, not \(elements)") }
        self.init(rows: elements[0], columns: elements[1])
    }

    public init(from decoder: any Decoder) throws {
        // A file that a person wrote may have one number for both, as in Swift.
        if let side = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(rows: side, columns: side)
            return
        }
        var list = try decoder.unkeyedContainer()
        self.init(rows: try list.decode(Int.self), columns: try list.decode(Int.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        try list.encode(rows)
        try list.encode(columns)
    }

    /// [rows, columns], for the engine.
    var array: [Int] { [rows, columns] }

    /// Why a layer cannot use it as its `name`; nil if it can.
    func fault(_ name: String) -> String? {
        let range = 1...256
        return range.contains(rows) && range.contains(columns)
            ? nil : "its \(name) is from 1 to 256, and not \(array)"
    }
}

/// Files hold `"valid"`, `"same"`, or rows and columns.
extension Padding: Codable {
    public init(from decoder: any Decoder) throws {
        if let sides = try? [Int](from: decoder), sides.count == 2 {
            self = .symmetric(rows: sides[0], columns: sides[1])
            return
        }
        switch try decoder.singleValueContainer().decode(String.self) {
        case "valid": self = .valid
        case "same": self = .same
        case let other:
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "padding is valid, same or two numbers, not \(other)"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        if case .symmetric(let rows, let columns) = self {
            try Extent2D(rows: rows, columns: columns).encode(to: encoder)
        } else {
            var container = encoder.singleValueContainer()
            try container.encode(self == .same ? "same" : "valid")
        }
    }
}
