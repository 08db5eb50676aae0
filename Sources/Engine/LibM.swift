import Glibc

/// C's double-precision functions, in a namespace where tensor methods of the same names do not shadow them.
package enum LibM {
    package static func exp(_ x: Double) -> Double { _exp(x) }
    package static func log(_ x: Double) -> Double { _log(x) }
    package static func log10(_ x: Double) -> Double { _log10(x) }
    package static func log1p(_ x: Double) -> Double { _log1p(x) }
    package static func tanh(_ x: Double) -> Double { _tanh(x) }
    package static func cos(_ x: Double) -> Double { _cos(x) }
    package static func sin(_ x: Double) -> Double { _sin(x) }
    package static func acos(_ x: Double) -> Double { _acos(x) }
    package static func pow(_ x: Double, _ y: Double) -> Double { _pow(x, y) }
}

private let _exp: @Sendable (Double) -> Double = { exp($0) }
private let _log: @Sendable (Double) -> Double = { log($0) }
private let _log10: @Sendable (Double) -> Double = { log10($0) }
private let _log1p: @Sendable (Double) -> Double = { log1p($0) }
private let _tanh: @Sendable (Double) -> Double = { tanh($0) }
private let _cos: @Sendable (Double) -> Double = { cos($0) }
private let _sin: @Sendable (Double) -> Double = { sin($0) }
private let _acos: @Sendable (Double) -> Double = { acos($0) }
private let _pow: @Sendable (Double, Double) -> Double = { pow($0, $1) }
