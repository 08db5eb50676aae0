import CKernels
import Foundation

extension Reshape: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        misuse("a reshape shares its input's memory and has no kernel")
    }
}

extension Broadcast: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let copy = StridedCopy(
            shape, types.inputs[0].dtype,
            from: types.inputs[0].shape.broadcastStrides(to: shape), to: shape.strides)
        return CallKernel("ganymede:copy") { copy.run(0, $0) }
    }
}

extension Transpose: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let strides = types.inputs[0].shape.strides
        let shape = types.outputs[0].shape
        let copy = StridedCopy(
            shape, types.inputs[0].dtype, from: permutation.map { strides[$0] }, to: shape.strides)
        return CallKernel("ganymede:copy") { copy.run(0, $0) }
    }
}

extension Slice: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let layout = layout(in: types.inputs[0].shape)
        let shape = types.outputs[0].shape
        let copy = StridedCopy(
            shape, types.inputs[0].dtype, from: layout.strides, to: shape.strides,
            fromOffset: layout.offset)
        return CallKernel("ganymede:copy") { copy.run(0, $0) }
    }
}

extension Pad: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let from = types.inputs[0].shape
        let layout = inverse(of: from).layout(in: types.outputs[0].shape)
        let copy = StridedCopy(
            from, types.inputs[0].dtype, from: from.strides, to: layout.strides,
            toOffset: layout.offset)
        let (value, count) = (Float(value), types.outputs[0].shape.count)
        let element = types.outputs[0].dtype.element
        return CallKernel("ganymede:pad") { memory in
            gk_fill(element, memory.outputs[0], value, count)
            return copy.run(0, memory)
        }
    }
}

extension Shift: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let shape = types.outputs[0].shape
        let pixel = shape[3] * types.outputs[0].dtype.byteCount
        let line = shape[2] * pixel
        return CallKernel("ganymede:shift") { memory in
            for n in 0..<shape[0] {
                let rows = Shift.whole(memory.floats(input: 1)[n], shape[1])
                let columns = Shift.whole(memory.floats(input: 2)[n], shape[2])
                // The columns of a row that are filled.
                let filled = max(-columns, 0) * pixel..<min(shape[2] - columns, shape[2]) * pixel
                for row in 0..<shape[1] {
                    let to = memory.outputs[0] + (n * shape[1] + row) * line
                    guard (0..<shape[1]).contains(row + rows) else {
                        memset(to, 0, line)
                        continue
                    }
                    let from = memory.inputs[0] + (n * shape[1] + row + rows) * line
                    memset(to, 0, filled.lowerBound)
                    memcpy(
                        to + filled.lowerBound, from + filled.lowerBound + columns * pixel,
                        filled.count)
                    memset(to + filled.upperBound, 0, line - filled.upperBound)
                }
            }
            return true
        }
    }
}

extension Concatenate: Lowered {
    package func makeKernel(_ types: KernelTypes) throws -> any Kernel {
        let strides = types.outputs[0].shape.strides
        let shapes = types.inputs.map(\.shape)
        let copies = zip(shapes, starts(shapes)).map { shape, start in
            StridedCopy(
                shape, types.outputs[0].dtype, from: shape.strides, to: strides,
                toOffset: start * strides[axis])
        }
        return CallKernel("ganymede:copy") { memory in
            for (index, copy) in copies.enumerated() { _ = copy.run(index, memory) }
            return true
        }
    }
}

/// A copy from one strided layout to another.
struct StridedCopy {
    private let shape: gk_copy_shape
    private let elementBytes: Int
    private let fromOffset: Int
    private let toOffset: Int

    /// Copies a tensor of `shape`; strides and offsets are in elements.
    init(
        _ shape: Shape, _ dtype: DType, from: [Int], to: [Int], fromOffset: Int = 0,
        toOffset: Int = 0
    ) {
        elementBytes = dtype.byteCount
        // Axes that are contiguous with each other on both sides are merged, so that the inner loop is long.
        var axes: [(extent: Int, from: Int, to: Int)] = []
        for axis in 0..<shape.rank where shape[axis] != 1 {
            let next = (extent: shape[axis], from: from[axis], to: to[axis])
            if let last = axes.last, last.from == next.from * next.extent,
                last.to == next.to * next.extent
            {
                axes[axes.count - 1] = (last.extent * next.extent, next.from, next.to)
            } else {
                axes.append(next)
            }
        }
        if axes.count > Int(GK_MAX_RANK) {
            misuse("a tensor of \(axes.count) axes cannot be copied")
        }
        var made = gk_copy_shape()
        made.rank = Int32(axes.count)
        withUnsafeMutableBytes(of: &made.dims) { dims in
            withUnsafeMutableBytes(of: &made.from) { from in
                withUnsafeMutableBytes(of: &made.to) { to in
                    for (index, axis) in axes.enumerated() {
                        dims.bindMemory(to: Int.self)[index] = axis.extent
                        from.bindMemory(to: Int.self)[index] = axis.from
                        to.bindMemory(to: Int.self)[index] = axis.to
                    }
                }
            }
        }
        self.shape = made
        self.fromOffset = fromOffset
        self.toOffset = toOffset
    }

    func run(_ input: Int, _ memory: KernelMemory) -> Bool {
        run(memory.inputs[input], memory.outputs[0])
        return true
    }

    func run(_ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer) {
        withUnsafePointer(to: shape) {
            gk_copy_strided(
                $0, elementBytes, from + fromOffset * elementBytes, to + toOffset * elementBytes)
        }
    }
}
