/// Two-dimensional convolution (cross-correlation, as in neural networks) and its two gradients: three directions of
/// one trilinear form over x [N, H, W, C], w [KH, KW, C, K] and y [N, OH, OW, K], with stride s and padding p:
/// the sum over n, i, j, k, l, c, o of x[n, i s + k - p, j s + l - p, c] w[k, l, c, o] y[n, i, j, o].
///
/// Each direction is linear in both its inputs, and its gradients are the other two directions: the family is closed
/// under differentiation. Images may be bf16 while filters are f32; the filters are then rounded to bf16. A transposed
/// convolution is the input gradient (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016).
package struct Convolution: Primitive {
    package enum Direction: Sendable, CaseIterable {
        /// (x, w) to y.
        case forward
        /// (y, w) to x.
        case inputGradient
        /// (x, y) to w.
        case filterGradient
    }

    package let direction: Direction
    package let window: Window
    /// Element type of the result; sums are in f32.
    package let outputType: DType

    package init(_ direction: Direction, _ window: Window, outputType: DType = .float32) {
        self.direction = direction
        self.window = window
        self.outputType = outputType
    }

    package var name: String {
        switch direction {
        case .forward: "convolution"
        case .inputGradient: "convolutionInputGradient"
        case .filterGradient: "convolutionFilterGradient"
        }
    }
    package var attributes: String { window.description }

    /// The shapes of x, w and y, from those of the two inputs.
    package func shapes(_ inputs: [Shape]) -> (x: Shape, w: Shape, y: Shape) {
        func x(_ batch: Int, _ channels: Int) -> Shape {
            Shape([batch] + window.image + [channels])
        }
        func y(_ batch: Int, _ channels: Int) -> Shape {
            Shape([batch] + window.outputSize + [channels])
        }
        let (a, b) = (inputs[0], inputs[1])
        switch direction {
        case .forward: return (a, b, y(a[0], b[3]))
        case .inputGradient: return (x(a[0], b[2]), b, a)
        case .filterGradient: return (a, Shape(window.size + [a[3], b[3]]), b)
        }
    }

    package var storage: StorageRule {
        // Filters stay in f32: the kernel rounds them while it changes their layout.
        let isGradient = direction == .filterGradient
        return .product(rounded: isGradient ? 2 : 1, mayStoreBFloat16: !isGradient) {
            storing(as: $0)
        }
    }

    package func infer(_ inputs: [TensorType]) throws(GraphFault) -> [TensorType] {
        guard window.isPossible, inputs.count == 2,
            inputs.allSatisfy({ $0.shape.rank == 4 }), typesFit(inputs.map(\.dtype))
        else { throw GraphFault("\(name) \(window) cannot take \(inputs)") }
        let (x, w, y) = shapes(inputs.map(\.shape))
        guard Array(x.dimensions[1...2]) == window.image, x[3] == w[2],
            Array(w.dimensions[..<2]) == window.size, x[0] == y[0],
            Array(y.dimensions[1...2]) == window.outputSize, y[3] == w[3]
        else { throw GraphFault("\(name) \(window) cannot take \(inputs)") }
        switch direction {
        case .forward: return [TensorType(y, outputType)]
        case .inputGradient: return [TensorType(x, outputType)]
        case .filterGradient: return [TensorType(w, outputType)]
        }
    }

    private func typesFit(_ types: [DType]) -> Bool {
        direction == .filterGradient
            ? outputType == .float32 && productFits(types, outputType)
            : types[1] == .float32 && productFits([types[0]], outputType)
    }

    package func flops(_ inputs: [TensorType]) -> Double {
        let (x, w, _) = shapes(inputs.map(\.shape))
        return 2 * Double(x[0]) * Double(w[2]) * Double(w[3])
            * Double(window.tapsInside(axis: 0) * window.tapsInside(axis: 1))
    }

    package func placed(
        _ inputs: [Placement], _ types: [TensorType], among ranks: Int
    ) -> PlacementRule? {
        guard let divided = inputs.first(where: \.isDivided) else {
            return placementOfWholes(inputs)
        }
        if direction == .filterGradient {
            return PlacementRule([divided, divided], makes: .summands, by: self)
        }
        return inputs[1].isDivided
            ? nil : PlacementRule([divided, .everywhere], makes: divided, by: self)
    }

    package func gradient(_ context: GradientContext) -> [Tensor?] {
        let (a, b, g) = (context.inputs[0], context.inputs[1], context.cotangent())
        func form(_ direction: Direction, _ a: Tensor, _ b: Tensor) -> Tensor {
            a.builder.emit(Convolution(direction, window), a, b)
        }
        switch direction {
        case .forward: return [form(.inputGradient, g, b), form(.filterGradient, a, g)]
        case .inputGradient: return [form(.forward, g, b), form(.filterGradient, g, a)]
        case .filterGradient: return [form(.inputGradient, b, g), form(.forward, a, g)]
        }
    }

    package func evaluate(_ inputs: [ReferenceTensor]) -> [ReferenceTensor] {
        let (x, w, y) = shapes(inputs.map(\.shape))
        let made = direction == .forward ? y : direction == .inputGradient ? x : w
        var values = [Double](repeating: 0, count: made.count)
        let types = inputs.map(\.type.dtype)
        let filter =
            types[0] == .bfloat16 ? inputs[1].values.map(types[0].rounded) : inputs[1].values
        values.withUnsafeMutableBufferPointer { target in
            inputs[0].values.withUnsafeBufferPointer { a in
                filter.withUnsafeBufferPointer { b in
                    forEachTap(x, w, y) { x, w, y, channels, filters in
                        for c in 0..<channels {
                            for o in 0..<filters {
                                let (i, j, k) = (x + c, w + c * filters + o, y + o)
                                switch direction {
                                case .forward: target[k] += a[i] * b[j]
                                case .inputGradient: target[i] += a[k] * b[j]
                                case .filterGradient: target[j] += a[i] * b[k]
                                }
                            }
                        }
                    }
                }
            }
        }
        return [ReferenceTensor(made, values)]
    }

    /// Calls `body` for every output position and every tap of the window that lies inside the image. Its arguments
    /// are the offsets of the first channel in x, w and y, and the channel counts C and K.
    private func forEachTap(
        _ x: Shape, _ w: Shape, _ y: Shape, _ body: (Int, Int, Int, Int, Int) -> Void
    ) {
        let (strides, before) = (window.strides, window.padBefore)
        for n in 0..<x[0] {
            for i in 0..<y[1] {
                for j in 0..<y[2] {
                    for k in 0..<w[0] {
                        for l in 0..<w[1] {
                            let (row, column) = (
                                i * strides[0] + k - before[0], j * strides[1] + l - before[1]
                            )
                            guard (0..<x[1]).contains(row), (0..<x[2]).contains(column) else {
                                continue
                            }
                            body(
                                ((n * x[1] + row) * x[2] + column) * x[3],
                                (k * w[1] + l) * w[2] * w[3],
                                ((n * y[1] + i) * y[2] + j) * y[3], x[3], w[3])
                        }
                    }
                }
            }
        }
    }
}

extension Tensor {
    /// This image [N, H, W, C] convolved with `filter` [KH, KW, C, K] to [N, OH, OW, K].
    public func convolution(
        _ filter: Tensor, strides: [Int] = [1, 1], padding: Padding = .valid
    ) -> Tensor {
        let window = Window(
            image: imageExtents("convolution", filter), size: Array(filter.shape.dimensions[..<2]),
            strides: strides, padding: padding)
        return builder.emit(Convolution(.forward, window), self, filter)
    }

    /// The transposed convolution of this image [N, H, W, C] with `filter` [KH, KW, K, C], in Keras's order, to
    /// [N, OH, OW, K]: the input gradient of the convolution from [N, OH, OW, K] to [N, H, W, C].
    public func transposedConvolution(
        _ filter: Tensor, strides: [Int] = [1, 1], padding: Padding = .valid
    ) -> Tensor {
        let window = Window(
            outputSize: imageExtents("transposed convolution", filter),
            size: Array(filter.shape.dimensions[..<2]), strides: strides, padding: padding)
        return builder.emit(Convolution(.inputGradient, window), self, filter)
    }

    private func imageExtents(_ operation: String, _ filter: Tensor) -> [Int] {
        guard shape.rank == 4, filter.shape.rank == 4 else {
            builder.misuseHere("\(operation) of \(type) with \(filter.type)")
        }
        return Array(shape.dimensions[1...2])
    }
}
