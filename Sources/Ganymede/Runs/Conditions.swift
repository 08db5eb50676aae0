/// What the bits of a run depend on besides its options: a checkpoint holds those of every part of its run.
struct Conditions: Codable, Equatable {
    /// The steps before this part.
    var after: Int
    var threads: Int
    /// The instruction set of the kernels, and the versions of the libraries.
    var isa, onednn, ganymede: String

    /// Those of this process, from the step after `after` on.
    static func here(after: Int = 0, threads: Int) -> Conditions {
        Conditions(
            after: after, threads: threads, isa: DNN.instructionSet, onednn: DNN.version,
            ganymede: GanymedeLibrary.version)
    }

    /// Says in what these differ from `other`; nil if the bits are the same.
    func difference(from other: Conditions) -> String? {
        text == other.text
            ? nil : "\(text), here are \(other.text): the last bits can differ"
    }

    private var text: String {
        "Ganymede \(ganymede), oneDNN \(onednn), \(isa) and \(threads) \(threads == 1 ? "thread" : "threads")"
    }
}

extension [Conditions] {
    /// With those of this process from the step after `after` on, if they are others.
    func followed(after: Int, threads: Int) -> [Conditions] {
        let here = Conditions.here(after: after, threads: threads)
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
