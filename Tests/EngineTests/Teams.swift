import CKernels
import Engine

/// Runs `body` with a team of so many threads, which claim pieces in an order that follows from their number, and gives it the
/// instruction set in use. Afterwards team, order and instruction set are as before.
func withTeam(of threads: Int32, _ body: (_ usualSet: Int32) -> Void) {
    EngineThread.run {
        let (usualThreads, usualSet) = (gk_threads(), gk_selected_isa())
        defer {
            gk_set_threads(usualThreads)
            gk_select_isa(usualSet)
            gk_shuffle_claims(0)
        }
        gk_set_threads(threads)
        gk_shuffle_claims(UInt32(threads))
        body(usualSet)
    }
}
