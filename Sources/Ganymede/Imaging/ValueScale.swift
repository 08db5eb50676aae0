/// How the values of a chart become heights: linear from round number to round number, or logarithmic.
package struct ValueScale {
    package let marks: [Double]
    package let labels: [String]
    package let isLogarithmic: Bool
    package var low: Double { marks.first ?? 0 }
    package var high: Double { marks.last ?? 1 }

    /// A scale for curves. Values far beyond those of the other curves, or of most steps, are not covered.
    ///
    /// - Parameters:
    ///   - curves: the values of each curve.
    ///   - isShare: whether they are fractions from 0 to 1, shown in per cent.
    ///   - mayBeLogarithmic: whether factors between values count, as for a distance that falls.
    package init(_ curves: [[Double]], isShare: Bool = false, mayBeLogarithmic: Bool = false) {
        let all = curves.flatMap { $0 }
        if isShare {
            let axis = Axis(from: 0, to: 1, parts: 4)
            (marks, labels) = (axis.marks, axis.marks.map(percent))
            isLogarithmic = false
        } else if mayBeLogarithmic, let least = all.min(), let most = all.max(), least > 0,
            most / least >= 30
        {
            marks = ValueScale.logarithmicMarks(from: least, to: most)
            labels = marks.map(short)
            isLogarithmic = true
        } else {
            let limits = robustLimits(curves)
            let axis = Axis([limits.low, limits.high], parts: 5)
            (marks, labels) = (axis.marks, axis.marks.map { fixed($0, axis.places) })
            isLogarithmic = false
        }
    }

    /// The height of a value: 0 at the lowest mark, 1 at the highest. Values beyond them stay at the edge.
    package func fraction(_ value: Double) -> Double {
        let place = isLogarithmic ? LibM.log10(max(value, low)) : value
        let (from, to) = isLogarithmic ? (LibM.log10(low), LibM.log10(high)) : (low, high)
        return min(max((place - from) / (to - from), 0), 1)
    }

    /// Marks at 1, 2 and 5 times powers of ten, or at powers of ten alone over more than three of them.
    private static func logarithmicMarks(from low: Double, to high: Double) -> [Double] {
        let digits: [Double] = LibM.log10(high / low) > 3 ? [1] : [1, 2, 5]
        let (first, last) = (
            Int(LibM.log10(low).rounded(.down)), Int(LibM.log10(high).rounded(.up))
        )
        let marks = (first...last).flatMap { power in
            digits.map { $0 * LibM.pow(10, Double(power)) }
        }
        let start = marks.lastIndex { $0 <= low * 1.000001 } ?? 0
        let end = marks.firstIndex { $0 >= high * 0.999999 } ?? marks.count - 1
        return Array(marks[start...max(end, min(start + 1, marks.count - 1))])
    }
}

/// The range of values that a chart should show: all of them, unless some are far beyond the others.
///
/// A curve whose values are ten times those of the middle curve does not stretch the range, if they exceed 20, which no
/// healthy loss does; and the highest and lowest hundredth of each curve do not, if they would stretch it threefold.
package func robustLimits(_ curves: [[Double]]) -> (low: Double, high: Double) {
    let filled = curves.filter { !$0.isEmpty }
    let sizes = filled.map { values in values.map { abs($0) }.sorted()[values.count / 2] }.sorted()
    guard !sizes.isEmpty else { return (0, 1) }
    let most = max(20, 10 * sizes[(sizes.count - 1) / 2])
    let near = filled.map { $0.filter { abs($0) <= most }.sorted() }.filter { !$0.isEmpty }
    let (low, high) = (near.compactMap(\.first).min() ?? 0, near.compactMap(\.last).max() ?? 1)
    let inner = near.map { values in
        let rare = values.count / 100
        return (low: values[rare], high: values[values.count - 1 - rare])
    }
    let (innerLow, innerHigh) = (inner.map(\.low).min() ?? 0, inner.map(\.high).max() ?? 1)
    let reach = max(innerHigh, 0) - min(innerLow, 0)
    return high - low > 3 * reach && reach > 0 ? (innerLow, innerHigh) : (low, high)
}

/// An axis that ends at round numbers.
package struct Axis {
    package let marks: [Double]
    /// Digits after the decimal point that distinguish the marks.
    package let places: Int
    var low: Double { marks.first ?? 0 }
    var high: Double { marks.last ?? 1 }

    /// An axis that includes zero and all of `values`.
    package init(_ values: [Double], parts: Int) {
        self.init(from: min(values.min() ?? 0, 0), to: max(values.max() ?? 1, 0), parts: parts)
    }

    /// An axis that covers `low` to `high`, in about `parts` intervals of 1, 2, 2.5 or 5 times a power of ten.
    package init(from low: Double, to high: Double, parts: Int) {
        let high = high - low < 1e-9 ? low + 1 : high
        let rough = (high - low) / Double(parts)
        let power = LibM.pow(10, LibM.log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
        let first = (low / step + 1e-9).rounded(.down)
        let last = max((high / step - 1e-9).rounded(.up), first + 1)
        marks = (0...Int(last - first)).map { (first + Double($0)) * step }
        places = (0..<9).first { (step * LibM.pow(10, Double($0))).isWhole } ?? 9
    }
}

extension Double {
    fileprivate var isWhole: Bool { abs(self - rounded()) < 1e-6 * max(abs(self), 1) }
}
