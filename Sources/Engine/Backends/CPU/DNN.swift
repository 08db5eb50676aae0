import CKernels
import COneDNN

/// A failed call of oneDNN.
public struct DNNError: Error, CustomStringConvertible {
    /// The function and oneDNN's status.
    public let description: String

    static func check(_ status: Int32, _ function: String) throws(DNNError) {
        guard status != 0 else { return }
        let name = String(cString: gdn_status_name(status))
        throw DNNError(description: "oneDNN: \(function): \(name)")
    }
}

/// The oneDNN library that was loaded.
public enum DNN {
    /// Its version, such as 2.6.3.
    public static var version: String { String(cString: gdn_version()) }
    /// The instruction set that it uses here. `ONEDNN_MAX_CPU_ISA` can lower it.
    public static var instructionSet: String { String(cString: gdn_effective_isa_name()) }
    /// A remark if the environment asks for an instruction set that is not the one used: oneDNN takes the best one of this
    /// processor instead, without a word.
    public static func instructionSetNote(
        environment: [String: String], used: String = instructionSet
    ) -> String? {
        for name in ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"] {
            guard let asked = environment[name]?.lowercased() else { continue }
            if asked == used || ["all", "default", ""].contains(asked) { return nil }
            // Newer ones have no name here.
            if asked.hasPrefix("avx512") && used.hasSuffix("or newer") { return nil }
            return "\(name) asks for \(asked), which this processor or oneDNN \(version) does not "
                + "have: \(used) is used"
        }
        return nil
    }
    /// Whether products of ``DType/bfloat16`` run in hardware.
    public static var hasBFloat16: Bool { gdn_has_bfloat16() }
    /// Whether such products are faster than those of ``DType/float32``: with matrix registers (AMX), or on processors
    /// whose dot product of pairs is as fast as a multiply-add, which those of Intel are not.
    public static var isBFloat16Fast: Bool {
        hasBFloat16 && EngineThread.run { gk_bfloat16_is_fast() }
    }
    /// Why bf16 cannot be used here; nil where it can.
    package static var bfloat16Fault: String? {
        hasBFloat16
            ? nil
            : "bf16 needs a processor with avx512_bf16, and oneDNN uses \(instructionSet) here"
    }
}

/// Owns a memory descriptor.
final class DNNDescriptor {
    let handle: OpaquePointer

    /// A tensor with these strides, in elements; nil lets the primitive choose the layout.
    convenience init(_ dimensions: [Int], _ dtype: DType, strides: [Int]?) throws(DNNError) {
        try self.init("memory descriptor \(dimensions) strides \(strides ?? [])") { made in
            gdn_descriptor_create(
                &made, dtype == .bfloat16 ? GDN_BFLOAT16 : GDN_FLOAT, Int32(dimensions.count),
                dimensions.map(Int64.init),
                strides?.map(Int64.init))
        }
    }

    init(_ what: String, _ create: (inout OpaquePointer?) -> Int32) throws(DNNError) {
        var made: OpaquePointer?
        try DNNError.check(create(&made), what)
        guard let made else { throw DNNError(description: "oneDNN: no memory descriptor") }
        handle = made
    }

    deinit { gdn_descriptor_destroy(handle) }

    /// Bytes in memory.
    var byteCount: Int { gdn_descriptor_size(handle) }

    func isEqual(to other: DNNDescriptor) -> Bool { gdn_descriptor_equal(handle, other.handle) }
}

/// Owns the attributes of an operation: the program provides its scratch memory, and a leaky ReLU is applied to its
/// result (slope 1: none).
final class DNNAttributes {
    let handle: OpaquePointer

    init(slope: Double = 1) throws(DNNError) {
        var made: OpaquePointer?
        try DNNError.check(gdn_attributes_create(&made, Float(slope)), "attributes")
        guard let made else { throw DNNError(description: "oneDNN: no attributes") }
        handle = made
    }

    deinit { gdn_attributes_destroy(handle) }
}

/// Owns a primitive and the memory objects of its arguments.
final class DNNOperation {
    fileprivate let handle: OpaquePointer

    init(_ function: String, _ create: (inout OpaquePointer?) -> Int32) throws(DNNError) {
        var made: OpaquePointer?
        try DNNError.check(create(&made), function)
        guard let made else { throw DNNError(description: "oneDNN: no primitive for \(function)") }
        handle = made
    }

    deinit { gdn_operation_destroy(handle) }

    var implementation: String { String(cString: gdn_operation_implementation(handle)) }
    var scratchBytes: Int { gdn_operation_scratchpad_size(handle) }

    /// The layout that the operation chose for an argument.
    func descriptor(_ argument: gdn_argument) throws(DNNError) -> DNNDescriptor {
        try DNNDescriptor("descriptor of an argument") { made in
            gdn_operation_descriptor(&made, handle, argument)
        }
    }

    func bind(_ argument: gdn_argument, _ data: UnsafeMutableRawPointer) throws(DNNError) {
        try DNNError.check(gdn_operation_bind(handle, argument, data), "bind")
    }
}

/// Operations that together form one kernel. Each runs on a single thread, which may be any of the team. None waits
/// for another, so a preempted thread delays only its own operation.
final class DNNPieces {
    let operations: [DNNOperation]
    private let handles: UnsafeMutablePointer<OpaquePointer?>

    init(_ operations: [DNNOperation]) {
        self.operations = operations
        handles = .allocate(capacity: operations.count)
        for (index, operation) in operations.enumerated() {
            (handles + index).initialize(to: operation.handle)
        }
    }

    deinit { handles.deallocate() }

    var implementation: String { operations.first?.implementation ?? "nothing" }

    /// Scratch memory for all of them.
    var scratchBytes: Int { operations.map { aligned($0.scratchBytes) }.reduce(0, +) }

    func bindScratch(_ memory: UnsafeMutableRawPointer) throws(DNNError) {
        var at = memory
        for operation in operations where operation.scratchBytes > 0 {
            try operation.bind(GDN_SCRATCHPAD, at)
            at += aligned(operation.scratchBytes)
        }
    }

    /// Stops the process on failure: that means oneDNN itself is broken, and no caller can handle it.
    func execute() {
        gk_divide(gdn_operations_execute, handles, operations.count, 1, .max)
        for index in operations.indices {
            let status = gdn_operation_status(handles[index])
            if status != 0 {
                misuse("oneDNN: execute: \(String(cString: gdn_status_name(status)))")
            }
        }
    }

    /// Splits `count` items into at most one range per thread. Sizes are multiples of `granule`, except the last.
    static func ranges(_ count: Int, threads: Int, granule: Int = 1) -> [Range<Int>] {
        let granules = (count + granule - 1) / granule
        let pieces = max(min(threads, granules), 1)
        return (0..<pieces).map { piece in
            (granules * piece / pieces * granule)..<min(
                granules * (piece + 1) / pieces * granule, count)
        }
    }
}
