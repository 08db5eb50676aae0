import Ganymede
import TestSupport
import Testing

/// Ten steps of every preset, made narrow, against Keras and PyTorch in double precision. The scripts that made the
/// data are beside it.
@Suite(.timeLimit(.minutes(20)))
struct GoldenTrajectoryTests {
    @Test(arguments: GoldenSystem.all, ["keras", "torch"])
    func referenceAgreesWithFramework(system: GoldenSystem, framework: String) throws {
        let trajectory = try Trajectory.reference(of: system.gan, system.name)
        let expected = try Safetensors(
            Golden.path("systems/\(system.name)-\(framework).safetensors"))
        // Both have the same tensors: none is left out.
        #expect(Set(expected.names) == Set(trajectory.values.keys))
        for name in expected.names {
            let error = try trajectory.relativeError(name, expected.doubles(name))
            #expect(error <= 1e-9, "\(name) of \(framework) differs by \(error)")
        }
    }

    @Test(arguments: GoldenSystem.all)
    func compiledAgreesWithReference(system: GoldenSystem) throws {
        let reference = try Trajectory.reference(of: system.gan, system.name)
        let compiled = try Trajectory.compiled(of: system.gan, system.name)
        for name in ["d_loss", "g_loss"] {
            let error = compiled.largestDifference(name, reference.values[name] ?? [])
            #expect(error <= 1e-4, "\(name) differs by \(error)")
        }
        var differences: [Double] = []
        for (name, expected) in reference.values {
            if name.hasPrefix("gradient.") {
                let error = compiled.relativeError(name, expected)
                #expect(error <= 1e-4, "\(name) differs by \(error)")
            } else if name.hasPrefix("final."), !name.contains("moving") {
                let found = compiled.values[name] ?? []
                try #require(found.count == expected.count)
                differences += zip(found, expected).map { abs($0 - $1) }
            }
        }
        let near = differences.filter { $0 <= 1e-5 }.count
        #expect(
            Double(near) >= 0.999 * Double(differences.count), "\(near) of \(differences.count)")
        // An upper bound: two largest updates of an optimizer, in opposite directions, for at most two updates in each
        // of ten steps. Those of `flagship`, which has no momentum and a small beta2, are larger: 18 times 2e-3 in all.
        #expect(differences.max() ?? 0 <= 2 * 2e-3 * 20)
    }

    /// The golden test can fail: each of these mistakes is far outside its tolerance.
    @Test(arguments: Mutant.all)
    func mistakesAreSeen(mutant: Mutant) throws {
        let expected = try Safetensors(Golden.path("systems/\(mutant.system)-keras.safetensors"))
        let trajectory = try Trajectory.reference(of: mutant.gan, mutant.system)
        let worst =
            try expected.names
            .map { try trajectory.relativeError($0, expected.doubles($0)) }.max() ?? 0
        #expect(worst > 1e-6, "goes unseen: \(worst)")
    }
}
