extension Tensor {
    /// log(e^x / sum e^x) along the rows of [N, K]. The maximum of each row is subtracted first, so that e^x does not
    /// overflow. It cancels out, so its gradient is stopped.
    public func logSoftmax() -> Tensor {
        guard shape.rank == 2 else { builder.misuseHere("logSoftmax takes [N, K], not \(type)") }
        let column: Shape = [shape[0], 1]
        let shifted = self - max(axes: [1]).stopGradient().reshape(column)
        return shifted - shifted.exp().sum(axes: [1]).log().reshape(column)
    }
}
