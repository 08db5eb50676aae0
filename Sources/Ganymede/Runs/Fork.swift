/// Where a run came from that goes on from a checkpoint of another one.
public struct Fork: Codable, Equatable, Sendable {
    /// The folder of the run that it was forked from.
    public let run: String
    /// The last step that both have.
    public let step: Int
}
