/// What the bits of a run depend on besides its options: a checkpoint holds those of every part of its run.
struct Conditions: Codable, Equatable {
    /// The steps before this part.
    var after: Int
    var threads: Int
    /// The instruction set of the kernels, and the versions of the libraries.
    var isa, onednn, ganymede: String
    /// Processes that trained together, and what they talked through; nil for a single one.
    var ranks: Int?
    var library: String?

    /// Those of this process, from the step after `after` on.
    static func here(
        after: Int = 0, threads: Int, communicator: (any Communicator)? = nil
    ) -> Conditions {
        Conditions(
            after: after, threads: threads, isa: DNN.instructionSet, onednn: DNN.version,
            ganymede: GanymedeLibrary.version, ranks: communicator?.count,
            library: communicator?.library)
    }

    /// Says in what these differ from `other`; nil if the bits are the same.
    func difference(from other: Conditions) -> String? {
        text == other.text
            ? nil : "\(text), here are \(other.text): the last bits can differ"
    }

    private var text: String {
        let each = "\(threads) \(threads == 1 ? "thread" : "threads")"
        let together = ranks.map { " on each of \($0) ranks of \(library ?? "?")" } ?? ""
        return "Ganymede \(ganymede), oneDNN \(onednn), \(isa) and \(each)\(together)"
    }
}

extension [Conditions] {
    /// With those of this process from the step after `after` on, if they are others.
    func followed(
        after: Int, threads: Int, communicator: (any Communicator)?
    ) -> [Conditions] {
        let here = Conditions.here(after: after, threads: threads, communicator: communicator)
        if let last, last.difference(from: here) == nil { return self }
        return self + [here]
    }

    /// A note for each part of a run of `steps` steps that would give other bits here.
    func notes(steps: Int, threads: Int) -> [String] {
        let here = Conditions.here(threads: threads)
        return indices.compactMap { index in
            let part = self[index]
            let end = Swift.min(index + 1 < count ? self[index + 1].after : steps, steps)
            guard part.after < end else { return nil }
            return part.difference(from: here).map {
                "the steps \(grouped(part.after + 1)) to \(grouped(end)) were trained with \($0)"
            }
        }
    }
}
