/// Stops the process because of a programming error in the caller, such as incompatible shapes.
/// The message is printed in release builds too, unlike that of `precondition`.
///
/// Failures that a correct program can meet (files, arguments, memory) throw an error instead.
public func misuse(_ message: @autoclosure () -> String) -> Never {
    fatalError(message())
}
