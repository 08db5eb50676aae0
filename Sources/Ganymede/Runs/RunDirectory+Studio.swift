package import FoundationEssentials

/// What the studio reads of a run.
extension RunDirectory {
    /// The steps that have a checkpoint, ascending.
    package func checkpointSteps() throws -> [Int] { try checkpoints.steps() }

    /// The steps that have a grid of samples, ascending.
    package func savedSamples() throws -> [Int] { try sampleSteps() }

    /// A saved grid as a PNG file: of a step, or of real samples; nil if there is none.
    package func savedSample(_ step: Int?) throws -> Data? {
        let path = samplePath(step.map { RunDirectory.stepName($0) } ?? "real")
        return Files.exists(path) ? try Files.read(path, limit: 64 << 20) : nil
    }

    /// When the record of its health changed last; nil if there is none.
    package var healthModified: Int? { Files.status(healthPath)?.modified }
}
