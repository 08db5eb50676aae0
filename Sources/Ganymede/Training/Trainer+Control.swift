/// How a person steers a run that trains, and how its events are repeated.
extension Trainer {
    /// How often a waiting run looks whether it is asked to stop.
    private static let secondsOfWaiting = 0.1

    /// Carries out the commands that were sent since the last step, and waits while the run is paused.
    ///
    /// - Parameter index: finished steps.
    /// - Returns: false if the run is asked to stop while it waits; it is saved then.
    func obey(_ session: TrainingSession, before index: Int) throws -> Bool {
        guard let control, control.hasCommands || control.isPaused else { return true }
        let step = index + 1
        while true {
            while let command = control.next() {
                if try carryOut(command, session, step) { return true }
            }
            if !control.isPaused { return true }
            if isAskedToStop {
                try session.saveSamples(step: index)
                try session.saveCheckpoint(step: index) { onEvent(.saved(step: index)) }
                return false
            }
            // What is shown of the run is up to date while it waits, and others may use the engine.
            try session.writeJournal()
            EngineThread.release { control.wait(seconds: Trainer.secondsOfWaiting) }
        }
    }

    /// - Returns: whether a step was asked for, which is run now.
    private func carryOut(
        _ command: RunControl.Command, _ session: TrainingSession, _ step: Int
    ) throws -> Bool {
        switch command {
        case .pause:
            if !(control?.isPaused ?? true) { note(.pause, session, step) }
            control?.setPaused(true)
        case .resume:
            if control?.isPaused ?? false { note(.resume, session, step) }
            control?.setPaused(false)
        case .set(let key, let value):
            let event = RunEvent(.set(key: key, value: value), at: step)
            session.events.append(event)
            try session.applyEvents(to: step)
            control?.take(try session.options.changed(by: session.events, upTo: step))
            onEvent(.steered(event))
        case .step, .discriminatorStep, .generatorStep:
            // A single step leaves the run waiting, and says so once.
            if !(control?.isPaused ?? true) { note(.pause, session, step) }
            control?.setPaused(true)
            if command == .discriminatorStep { note(.discriminatorStep, session, step) }
            if command == .generatorStep { note(.generatorStep, session, step) }
            try session.preparePart(of: step)
            return true
        }
        return false
    }

    private func note(_ action: RunEvent.Action, _ session: TrainingSession, _ step: Int) {
        let event = RunEvent(action, at: step)
        session.events.append(event)
        onEvent(.steered(event))
    }
}

extension TrainingSession {
    /// The events of a run that resumes after `step`, and their effect on it.
    func take(_ earlier: [RunEvent], after step: Int) throws {
        events = earlier
        // Options that were changed before the checkpoint was saved, and after its step.
        if earlier.contains(where: \.changesOptions) { try applyEvents(to: step + 1) }
    }

    /// Repeats what was done before the step after `index` finished ones.
    func repeatEvents(_ all: [RunEvent], before index: Int) throws {
        let new = all.at(index + 1)
        if new.isEmpty { return }
        events += new
        if new.contains(where: \.changesOptions) { try applyEvents(to: index + 1) }
        try preparePart(of: index + 1)
    }

    /// Compiles the step with the options that all events up to `step` leave.
    fileprivate func applyEvents(to step: Int) throws {
        var changed = try options.changed(by: events, upTo: step)
        changed.training.rollbacks = options.training.rollbacks
        try runner.replace(StepGraph(changed.trainedGAN, batch: options.training.batch))
    }

    /// Lets a step update one network alone, if its events say so.
    fileprivate func preparePart(of step: Int) throws {
        guard case .only(let player) = events.part(of: step) else { return }
        let changed = try options.changed(by: events, upTo: step)
        try runner.update(
            only: player, after: step - 1,
            StepGraph(changed.trainedGAN, batch: options.training.batch, only: player))
    }
}

extension RunEvent {
    fileprivate var changesOptions: Bool {
        if case .set = action { true } else { false }
    }
}
