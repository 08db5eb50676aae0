/// The pixel values of black and white.
public enum PixelRange: String, Codable, Sendable, CaseIterable {
    /// -1 to 1, the range of tanh.
    case signed
    /// 0 to 1, the range of a sigmoid.
    case unit

    /// value = byte * scale + offset.
    var scaling: (scale: Float, offset: Float) {
        switch self {
        case .signed: (1 / 127.5, -1)
        case .unit: (1 / 255, 0)
        }
    }
}
