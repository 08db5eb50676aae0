/// The printed names of all operations. The table in `OpTableTests` must cover each.
package enum OperationNames {
    package static let all: [String] =
        ElementwiseFunction.examples.map(\.name)
        + [
            Broadcast(to: []).name, Reshape(to: []).name, Transpose([]).name,
            Reduce(.sum, axes: []).name, Reduce(.max, axes: []).name, MatMul().name,
            Slice(starts: [], ends: [], strides: []).name,
            Pad(before: [], after: [], between: [], value: 0).name, Concatenate(axis: 0).name,
        ]
        + Convolution.Direction.allCases.map { direction in
            let window = Window(image: [1, 1], size: [1, 1], strides: [1, 1], padding: .valid)
            return Convolution(direction, window).name
        }
        + Distribution.examples.map { Random($0, [], stream: "").name }
        + [
            BatchNormTraining(epsilon: 0).name, BatchNormGradient(epsilon: 0).name,
            AdamUpdate(beta1: 0, beta2: 0, epsilon: 0).name,
            MatMul().biased(slope: 1).name,
            Convolution(
                .forward, Window(image: [1, 1], size: [1, 1], strides: [1, 1], padding: .valid)
            ).biased(slope: 1).name,
        ]
}
