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
            try session.apply([event])
            control?.take(session.steered)
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
    /// Adds events, and gives the steps from now on the options that they leave.
    func apply(_ new: [RunEvent]) throws {
        events += new
        let changed = try steered.changed(by: new)
        if changed == steered { return }
        steered = changed
        try runner.replace(StepGraph(steered.trainedGAN, batch: options.training.batch))
    }

    /// Repeats what was done before the step after `index` finished ones.
    func repeatEvents(_ all: [RunEvent], before index: Int) throws {
        try apply(all.at(index + 1))
        try preparePart(of: index + 1)
    }

    /// Lets a step update one network alone, if its events say so.
    fileprivate func preparePart(of step: Int) throws {
        guard case .only(let player) = events.part(of: step) else { return }
        try runner.update(
            only: player, after: step - 1,
            StepGraph(steered.trainedGAN, batch: options.training.batch, only: player))
    }
}
