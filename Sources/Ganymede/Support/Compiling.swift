/// Compiles a program. What the engine refuses becomes a case of ``GanymedeError``.
func compiling<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let fault as GraphFault {
        throw GanymedeError.unsupported("the networks cannot be compiled: \(fault)")
    } catch let error as MemoryError {
        throw GanymedeError.outOfMemory(Message(error.description))
    } catch let error as DNNError {
        throw GanymedeError.unsupported(Message(error.description))
    }
}
