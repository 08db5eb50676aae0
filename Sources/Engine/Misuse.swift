/// Stops the process because of a mistake in the program that calls this library, such as two shapes
/// that do not fit. The message is printed in release builds too, unlike that of `precondition`.
///
/// What the world can get wrong (files, arguments, memory) throws an error instead.
public func misuse(_ message: @autoclosure () -> String) -> Never {
    fatalError(message())
}
