import CKernels
import Engine
import TestSupport
import Testing

/// Products of bfloat16 in the matrix registers of AMX. Operands are small whole numbers, whose sums are exact in any order,
/// so results equal those of other instructions bit for bit.
@Suite(
    .serialized,
    .enabled(
        if: EngineThread.run { gk_selected_isa() } == 3 && gk_thread_limit() >= 7,
        "this processor has no AMX, or OMP_THREAD_LIMIT allows no such teams"),
    .timeLimit(.minutes(20)))
struct MatrixRegisterTests {
    private static let threads: [Int32] = [1, 2, 3, 7]

    @Test(arguments: threads)
    func convolutionsEqualThoseOfVectors(threads: Int32) {
        withCases(threads) { numbers in
            let row = ConvolutionCase(&numbers)
            for pass in ConvolutionCase.Pass.allCases {
                gk_select_isa(2)
                let expected = row.computed(pass)
                gk_select_isa(3)
                let found = row.computed(pass)
                #expect(found.isUntouched && expected.isUntouched, "\(pass) \(row.shape)")
                #expect(found.result == expected.result, "\(pass) \(row.shape)")
            }
        }
    }

    @Test(arguments: threads)
    func productsEqualSums(threads: Int32) {
        withCases(threads) { numbers in
            let row = ProductCase(&numbers)
            let found = row.shape.computed(rounded(row.a), rounded(row.b), bias: row.bias)
            #expect(found.isUntouched, "\(row.shape)")
            #expect(found.result == row.expected(), "\(row.shape)")
        }
    }

    private func withCases(_ threads: Int32, _ body: (inout TestNumbers) -> Void) {
        withTeam(of: threads) { _ in
            var numbers = TestNumbers(seed: UInt64(threads))
            for _ in 0..<80 { body(&numbers) }
        }
    }

    /// A repeat of the peak's loop counts the operations of the registers: many times those of vectors.
    @Test func thePeakIsThatOfMatrixRegisters() {
        withTeam(of: 1) { _ in
            let matrices = gk_peak(true, 10)
            gk_select_isa(2)
            #expect(matrices > 20 * gk_peak(true, 10))
        }
    }
}

extension TestNumbers {
    /// From -3 to 3.
    fileprivate mutating func whole(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float(next() % 7) - 3 }
    }
}

private func rounded(_ values: [Float]) -> [UInt16] { values.map { UInt16($0.bitPattern >> 16) } }

private struct ConvolutionCase {
    enum Pass: CaseIterable { case forward, inputGradient, filterGradient }

    let shape: gk_convolution_shape
    let x: [UInt16], y: [UInt16], w: [Float], bias: [Float]
    let storesBFloat16: Bool, slope: Float

    /// Extents around those of tiles, in random combinations.
    init(_ numbers: inout TestNumbers) {
        let (height, width) = (numbers.pick([1, 2, 3, 5]), numbers.pick([1, 2, 3, 4]))
        let (top, left) = (numbers.pick([0, height / 2]), numbers.pick([0, width / 2]))
        let (down, across) = (numbers.pick([1, 2, 3]), numbers.pick([1, 2]))
        let (rows, columns) = (numbers.pick([1, 2, 5]), numbers.pick([1, 3, 6]))
        shape = gk_convolution_shape(
            batch: numbers.pick([1, 7, 8, 16, 31, 33, 70]),
            height: max((rows - 1) * down + height - 2 * top, 1),
            width: max((columns - 1) * across + width - 2 * left, 1),
            channels: numbers.pick([1, 2, 3, 8, 15, 16, 17, 32, 34, 48]),
            filters: numbers.pick([1, 2, 8, 15, 16, 18, 32, 33, 64]), window_height: height,
            window_width: width, stride_y: down, stride_x: across, top: top, left: left, rows: rows,
            columns: columns)
        x = rounded(numbers.whole(shape.batch * shape.height * shape.width * shape.channels))
        y = rounded(numbers.whole(shape.batch * rows * columns * shape.filters))
        w = numbers.whole(height * width * shape.channels * shape.filters)
        bias = numbers.whole(max(shape.filters, shape.channels))
        storesBFloat16 = numbers.next().isMultiple(of: 2)
        slope = numbers.pick([1, 0.5])
    }

    func computed(_ pass: Pass) -> (result: [UInt8], isUntouched: Bool) {
        var shape = shape
        if pass == .filterGradient {
            return guarded(
                resultBytes: w.count * 4, scratchBytes: gk_filter_gradient_scratch(&shape, true)
            ) { gk_filter_gradient(&shape, true, x, y, $0.assumingMemoryBound(to: Float.self), $1) }
        }
        let (image, resultCount) = pass == .forward ? (x, y.count) : (y, x.count)
        return bias.withUnsafeBufferPointer { bias in
            var kind = gk_convolution_kind(
                bfloat16: true, result_bfloat16: storesBFloat16,
                input_gradient: pass == .inputGradient, bias: bias.baseAddress, slope: slope,
                gate: nil)
            return guarded(
                resultBytes: resultCount * (storesBFloat16 ? 2 : 4),
                scratchBytes: gk_convolution_scratch(&shape, &kind)
            ) { gk_convolution(&shape, &kind, image, w, $0, $1) }
        }
    }
}

private struct ProductCase {
    let shape: gk_matrix_product
    let a: [Float], b: [Float], bias: [Float]?

    /// Extents around those of tiles and blocks, in random combinations.
    init(_ numbers: inout TestNumbers) {
        let (rows, columns) = (
            numbers.pick([1, 15, 16, 17, 32, 33, 100, 260]),
            numbers.pick([1, 16, 17, 31, 33, 64, 530])
        )
        // The deepest is more than one thread packs for itself.
        let deepest = rows * columns > 1000 ? [] : [4200]
        let depth = numbers.pick([1, 2, 31, 32, 33, 64, 300] + deepest)
        let isPlain = numbers.next().isMultiple(of: 2)
        shape = gk_matrix_product(
            rows: rows, columns: columns, depth: depth,
            transpose_a: numbers.next().isMultiple(of: 2),
            transpose_b: numbers.next().isMultiple(of: 2), bfloat16: true,
            result_bfloat16: numbers.next().isMultiple(of: 2), bias: nil,
            slope: isPlain ? 1 : numbers.pick([1, 0.5]))
        a = numbers.whole(rows * depth)
        b = numbers.whole(columns * depth)
        bias = isPlain ? nil : numbers.whole(columns)
    }

    func expected() -> [UInt8] {
        let values = shape.reference(a, b, bias: bias)
        return shape.result_bfloat16 ? bytes(values.map(nearest)) : bytes(values)
    }

    /// The bits of bfloat16, ties to even.
    private func nearest(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16((bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }
}
