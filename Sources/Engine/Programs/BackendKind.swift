/// The backends by the name that `--backend` takes.
public enum BackendKind: String, Codable, Sendable, CaseIterable {
    /// Compiled for this processor, on oneDNN and kernels of our own.
    case cpu
    /// Node by node in double precision: the definition. For tests and tiny runs.
    case reference

    package var backend: any Backend {
        switch self {
        case .cpu: CPUBackend()
        case .reference: ReferenceBackend()
        }
    }

    /// Why it cannot store tensors in this precision on this machine; or nil.
    public func fault(_ precision: StoragePrecision) -> String? { backend.fault(precision) }
}
