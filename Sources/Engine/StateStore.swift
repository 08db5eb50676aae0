import CKernels

/// The named tensors of one run: weights, moving statistics, optimizer slots. Programs read and write
/// them in place. The tensors outlive the programs.
public final class StateStore {
    private var entries: [String: StateEntry] = [:]

    /// An empty store.
    public init() {}

    /// The names in alphabetical order.
    public var names: [String] { entries.keys.sorted() }

    /// A copy of the tensor called `name`. A new value must have the shape of the old one.
    public subscript(name: String) -> HostTensor? {
        get {
            entries[name].map {
                HostTensor($0.shape, Array($0.buffer.floats(count: $0.shape.count)))
            }
        }
        set {
            guard let newValue else { misuse("the state \(name) cannot go away: programs use it") }
            let entry = entry(name, newValue.shape)
            newValue.values.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(start: entry.buffer.base, count: $0.count)
                    .copyMemory(from: $0)
            }
            entry.wasWritten()
        }
    }

    /// The tensor's memory, allocated and zeroed if it is new. Who writes to it calls ``StateEntry/wasWritten(withCopy:)``.
    package func entry(_ name: String, _ shape: Shape) -> StateEntry {
        if let entry = entries[name] {
            if entry.shape != shape {
                misuse("the state \(name) is \(entry.shape) and cannot be \(shape)")
            }
            return entry
        }
        let entry = StateEntry(shape)
        entries[name] = entry
        return entry
    }

    /// The same, for who only reads.
    @discardableResult
    package func declare(_ name: String, _ shape: Shape) -> AlignedBuffer {
        entry(name, shape).buffer
    }

    /// Shapes by name.
    public var shapes: [String: Shape] { entries.mapValues(\.shape) }

    /// Copies every tensor to `other` under the same name: takes a snapshot of a run, or restores one.
    package func copy(to other: StateStore) {
        for (name, entry) in entries {
            let target = other.entry(name, entry.shape)
            target.buffer.base.copyMemory(
                from: entry.buffer.base, byteCount: entry.shape.count * 4)
            target.wasWritten()
        }
    }

    /// The first tensor, in alphabetical order, that contains NaN or infinity.
    package func firstNonFinite() -> String? {
        names.first { name in
            entries[name].map {
                !gk_all_finite($0.buffer.floats(count: $0.shape.count).baseAddress, $0.shape.count)
            } ?? false
        }
    }
}

/// The memory of one state, and of its copy in bf16, which matrix products read.
package final class StateEntry {
    let shape: Shape
    package let buffer: AlignedBuffer
    /// Nil until a program reads it.
    private var copy: AlignedBuffer?
    private var copyIsCurrent = false

    init(_ shape: Shape) {
        self.shape = shape
        buffer = AlignedBuffer(byteCount: shape.count * MemoryLayout<Float>.stride)
    }

    /// Notes that the state has been written, and whether the writer also wrote the copy.
    package func wasWritten(withCopy: Bool = false) { copyIsCurrent = withCopy }

    /// The state's memory, or its copy's. Before a copy is read, ``refreshCopy()`` must be called.
    func memory(isRounded: Bool) -> AlignedBuffer {
        if !isRounded { return buffer }
        if let copy { return copy }
        let made = AlignedBuffer(byteCount: shape.count * DType.bfloat16.byteCount)
        copy = made
        return made
    }

    /// Rounds the state again if it has been written since.
    func refreshCopy() {
        if copyIsCurrent { return }
        gk_round(
            buffer.base.assumingMemoryBound(to: Float.self), memory(isRounded: true).base,
            shape.count)
        copyIsCurrent = true
    }
}

/// `byteCount` rounded up to whole cache lines of 64 bytes.
func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

/// Zeroed memory, aligned to 64 bytes for vector instructions, with padding for reads past the end.
package final class AlignedBuffer {
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int

    package init(byteCount: Int) {
        // oneDNN before 3.1 may read a little past a tensor.
        let padded = aligned(byteCount) + 256
        base = .allocate(byteCount: padded, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: padded)
        self.byteCount = byteCount
    }

    deinit { base.deallocate() }

    package func floats(count: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: base.assumingMemoryBound(to: Float.self), count: count)
    }
}
