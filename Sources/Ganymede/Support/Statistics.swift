// Statistics of a few values.

/// The mean.
func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

/// The first of ascending values with `share` of them before it, or the last; nil if there are none.
func quantile<Value>(_ share: Double, ofAscending values: [Value]) -> Value? {
    values.isEmpty ? nil : values[min(Int(Double(values.count) * share), values.count - 1)]
}

/// The sample standard deviation, divided by N - 1.
func deviation(_ values: [Double]) -> Double {
    let middle = mean(values)
    let squares = values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
    return (squares / Double(values.count - 1)).squareRoot()
}
