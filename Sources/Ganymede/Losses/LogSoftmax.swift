// What a classifier of more than two classes minimises.

extension Tensor {
    /// log(e^x / sum of e^x) along the rows of [N, K]. The largest number of a row is taken off first, so that no e^x
    /// overflows; it cancels, so gradients take it for a constant.
    public func logSoftmax() -> Tensor {
        guard shape.rank == 2 else { builder.misuseHere("logSoftmax takes [N, K], not \(type)") }
        let column: Shape = [shape[0], 1]
        let shifted = self - max(axes: [1]).stopGradient().reshape(column)
        return shifted - shifted.exp().sum(axes: [1]).log().reshape(column)
    }
}
