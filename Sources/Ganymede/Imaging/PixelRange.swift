/// Which numbers stand for black and white.
public enum PixelRange: String, Codable, Sendable, CaseIterable {
    /// -1 to 1, as a tanh makes them.
    case signed
    /// 0 to 1, as a sigmoid makes them.
    case unit

    /// number = byte * scale + offset.
    var scaling: (scale: Float, offset: Float) {
        switch self {
        case .signed: (1 / 127.5, -1)
        case .unit: (1 / 255, 0)
        }
    }
}
