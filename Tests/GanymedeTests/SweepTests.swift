import Foundation
import Ganymede
import TestSupport
import Testing

struct SweepTests {
    private func sweep(_ json: String) throws -> Sweep {
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        return try Sweep(
            PartialOptions(json: value, source: "grid.yaml"), flags: ["preset", "loss", "steps"])
    }

    @Test func everyCombinationWithEverySeed() throws {
        let found = try sweep(
            """
            {"name": "a", "options": {"preset": "mlp", "steps": 10}, "seeds": [3, 5],
             "grid": {"loss": ["hinge", "minimax"], "gan.label_smoothing": [0, 0.1]}}
            """)
        #expect(found.runs.count == 8)
        #expect(Set(found.runs.map(\.path)).count == 8)
        #expect(
            found.runs[0].arguments == [
                "--preset", "mlp", "--steps", "10", "--set", "gan.label_smoothing=0", "--loss",
                "hinge",
                "--seed", "3", "--out", "runs/a/label_smoothing-0_loss-hinge_seed-3",
            ])
        #expect(found.runs[0].group == "label_smoothing=0 loss=hinge")
        #expect(found.runs[0].group == found.runs[1].group)
        let script = found.slurmScript(program: "/opt/a b/ganymede", file: "g.yaml", folder: "/x")
        #expect(
            script.contains("--array=0-7")
                && script.contains("'/opt/a b/ganymede' sweep g.yaml --only"))
    }

    @Test func onlyANameIsNeeded() throws {
        let found = try sweep(#"{"name": "b"}"#)
        #expect(found.runs.map(\.path) == ["runs/b/seed-0"])
    }

    @Test(arguments: [
        (#"{"name": "a", "grit": {}}"#, "there is no key \"grit\". Did you mean \"grid\"?"),
        (#"{"seeds": [1]}"#, "name: is a word"), (#"{"name": "../x"}"#, "name: is a word"),
        (#"{"name": "a", "seeds": []}"#, "seeds: is a list"),
        (#"{"name": "a", "seeds": [-1]}"#, "a seed is a whole number"),
        (#"{"name": "a", "seeds": [1, 1]}"#, "twice"),
        (#"{"name": "a", "grid": {"loss": "hinge"}}"#, "loss: is a list of values"),
        (#"{"name": "a", "grid": {"loss": ["hinge", "hinge"]}}"#, "twice"),
        (
            #"{"name": "a", "grid": {"x": ["a b", "a_b"]}}"#,
            "two values of the grid would have one folder"
        ),
        (#"{"name": "a", "options": {"out": "x"}}"#, "out is chosen by the sweep"),
        (#"{"name": "a", "grid": {"seed": [1]}}"#, "seed is chosen by the sweep"),
        ("[1]", "a sweep holds"),
    ])
    func whatIsWrong(json: String, text: String) throws {
        #expect {
            try sweep(json)
        } throws: {
            "\($0)".contains(text) && "\($0)".contains("grid.yaml")
        }
    }

    @Test func hugeGrids() throws {
        let values = (0..<101).map(String.init).joined(separator: ",")
        #expect(throws: GanymedeError.self) {
            try sweep(#"{"name": "a", "grid": {"x": [\#(values)], "y": [\#(values)]}}"#)
        }
    }

    @Test func meansOverSeeds() {
        let groups = SeedGroups([
            ("a", 0, ["fid": 1]), ("a", 1, ["fid": 3]), ("b", 0, ["fid": 5, "kid": 2]),
        ])
        #expect(
            groups.rows(["fid", "kid", "score"]) == [
                ["", "seeds", "fid", "kid"], ["a", "2", "2 ± 1.41", "-"], ["b", "1", "5", "2"],
            ])
    }
}
