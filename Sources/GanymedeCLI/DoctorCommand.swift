import ArgumentParser
import Ganymede

/// `ganymede doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Explain what ails a run, finished or running, and what usually helps.",
        discussion: """
            The run is measured as it trains (health.jsonl). A verdict needs two signals that agree. docs/health.md \
            has the limits, and how often they were right on runs that were broken on purpose and on healthy ones.
            """)

    @Argument(help: ArgumentHelp("The run's folder.", valueName: "run")) var folder: String
    @Flag(help: "Print one JSON object.") var json = false

    private struct Diagnosis: Encodable {
        let measured: Bool
        let healthy: Bool
        let findings: [Doctor.Finding]
        let signals: HealthSignals?
    }

    func run() throws {
        let doctor = try Doctor(folder)
        if json {
            let found = Diagnosis(
                measured: !doctor.signals.isEmpty, healthy: doctor.isHealthy,
                findings: doctor.findings, signals: doctor.signals.last)
            print(try HealthRecord.text(found))
        } else {
            print(doctor.text)
        }
    }
}
