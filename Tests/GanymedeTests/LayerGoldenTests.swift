import Ganymede
import TestSupport
import Testing

/// Outputs and gradients of layers against Keras, and of layers that Keras lacks against PyTorch, in double precision.
/// `Tests/Golden/layers/make_keras.py` and `make_torch.py` made the data. Options that are not given have the defaults of
/// Keras there and of this library here.
@Suite(.timeLimit(.minutes(20)))
struct LayerGoldenTests {
    struct Case: CustomStringConvertible, Sendable {
        let name: String
        let layer: any Layer
        var mode = Mode.training
        var framework = "keras"
        var description: String { name }
    }

    static let cases = casesOfKeras + casesOfTorch

    static let casesOfTorch: [Case] =
        [
            ("group_norm", GroupNorm(groups: 3)), ("group_norm_list", GroupNorm(groups: 2)),
            ("minibatch_std_dev", MinibatchStdDev()),
            ("minibatch_std_dev_small", MinibatchStdDev()),
            ("bilinear_up", BilinearUpSampling2D()), ("bilinear_down", BilinearDownSampling2D()),
            (
                "residual",
                Residual(scale: 0.5) {
                    Conv2D(3, kernelSize: 3, padding: .same)
                    LeakyReLU(0.2)
                }
            ),
            ("spectral_norm", SpectralNorm(Conv2D(4, kernelSize: 3, padding: .same))),
            ("spectral_norm_dense", SpectralNorm(Dense(4))),
            ("class_embedding", ClassEmbedding(classes: 3, 4)),
            ("class_channels", ClassChannels(classes: 3)),
            ("class_projection", ClassProjection(classes: 3)),
            ("conditional_batch_norm", ConditionalBatchNorm(classes: 3)),
        ].map { Case(name: $0, layer: $1, framework: "torch") }
        + [
            Case(
                name: "conditional_batch_norm_inference", layer: ConditionalBatchNorm(classes: 3),
                mode: .inference, framework: "torch")
        ]

    static let casesOfKeras: [Case] = [
        Case(name: "dense", layer: Dense(4)),
        Case(name: "conv", layer: Conv2D(3, kernelSize: 3)),
        Case(
            name: "conv_same",
            layer: Conv2D(
                4, kernelSize: [3, 2], strides: [2, 1], padding: .same, useBias: false)),
        Case(name: "conv_transpose", layer: ConvTranspose2D(3, kernelSize: 3, strides: 2)),
        Case(
            name: "conv_transpose_gaps",
            layer: ConvTranspose2D(2, kernelSize: [2, 1], strides: [3, 2])),
        Case(
            name: "conv_transpose_same",
            layer: ConvTranspose2D(
                3, kernelSize: [5, 4], strides: [2, 3], padding: .same, useBias: false)),
        Case(name: "max_pool", layer: MaxPool2D()),
        Case(name: "max_pool_same", layer: MaxPool2D(3, strides: 2, padding: .same)),
        Case(name: "average_pool", layer: AveragePool2D()),
        Case(
            name: "average_pool_same",
            layer: AveragePool2D([3, 2], strides: [2, 1], padding: .same)),
        Case(name: "up_sampling", layer: UpSampling2D()),
        Case(name: "up_sampling_uneven", layer: UpSampling2D([2, 3])),
        Case(name: "zero_padding", layer: ZeroPadding2D()),
        Case(name: "zero_padding_uneven", layer: ZeroPadding2D(before: [1, 0], after: [2, 3])),
        Case(name: "layer_norm", layer: LayerNorm()),
        Case(name: "layer_norm_image", layer: LayerNorm()),
        Case(name: "batch_norm", layer: BatchNorm()),
        Case(name: "batch_norm_inference", layer: BatchNorm(), mode: .inference),
        Case(name: "leaky_relu", layer: LeakyReLU()),
        Case(name: "embedding", layer: Embedding(6, 4)),
    ]

    @Test(arguments: cases)
    func agreesWithFramework(test: Case) throws {
        let error = try worstError(of: test)
        #expect(error <= 1e-12)
    }

    /// The test above can fail: each of these mistakes is far outside its tolerance.
    @Test(arguments: [
        Case(name: "layer_norm", layer: LayerNorm(epsilon: 1e-5)),
        Case(name: "batch_norm", layer: BatchNorm(momentum: 0.9)),
        Case(name: "batch_norm_inference", layer: BatchNorm()),
        Case(name: "leaky_relu", layer: LeakyReLU(0.2)),
        Case(
            name: "max_pool_same",
            layer: MaxPool2D(3, strides: 2, padding: .symmetric(rows: 1, columns: 1))),
        Case(
            name: "average_pool_same",
            layer: AveragePool2D(
                [3, 2], strides: [2, 1], padding: .symmetric(rows: 1, columns: 0))),
        Case(name: "zero_padding_uneven", layer: ZeroPadding2D(before: [2, 3], after: [1, 0])),
        Case(name: "up_sampling_uneven", layer: UpSampling2D([3, 2])),
        Case(name: "group_norm", layer: GroupNorm(groups: 2), framework: "torch"),
        Case(name: "minibatch_std_dev", layer: MinibatchStdDev(groupSize: 2), framework: "torch"),
        Case(name: "spectral_norm_dense", layer: Dense(4), framework: "torch"),
        Case(
            name: "conditional_batch_norm", layer: ConditionalBatchNorm(classes: 3, momentum: 0.9),
            framework: "torch"),
    ])
    func mistakesAreSeen(test: Case) throws {
        let error = try worstError(of: test)
        #expect(error > 1e-6, "goes unseen: \(error)")
    }

    /// No case of a file is left out.
    @Test(arguments: ["keras", "torch"]) func everyCaseIsTried(framework: String) throws {
        let names = try file(framework).names.compactMap {
            $0.split(separator: ".").first.map(String.init)
        }
        let tried = LayerGoldenTests.cases.filter { $0.framework == framework }
        #expect(Set(names) == Set(tried.map(\.name)))
    }

    @Test(arguments: cases)
    func compiledAgreesWithReference(test: Case) throws {
        let (graph, inputs) = try #require(try traced(test))
        let worst = try graph.worstDifference(inputs)
        #expect(worst.difference <= 1e-5, "\(worst)")
    }

    private func file(_ framework: String) throws -> Safetensors {
        try Safetensors(Golden.path("layers/\(framework).safetensors"))
    }

    /// The framework's name of a variable: the last part of its name.
    private func short(_ name: String) -> String { String(name.split(separator: ".").last ?? "") }

    /// The layer with its gradients, and the input values of the framework's; nil if its output has another shape.
    private func traced(
        _ test: Case
    ) throws -> (graph: Graph, inputs: [String: ReferenceTensor])? {
        let file = try file(test.framework)
        func tensor(_ name: String) throws -> ReferenceTensor {
            let name = "\(test.name).\(name)"
            return try ReferenceTensor(file.shape(name) ?? [], file.doubles(name))
        }
        var inputs = try ["x": tensor("x"), "cotangent": tensor("cotangent")]
        let (x, cotangent) = try (tensor("x").type, tensor("cotangent").type)
        let network = Sequential(
            "net", input: Array(x.shape.dimensions.dropFirst()), layers: [test.layer])
        let builder = GraphBuilder()
        let variables = Variables(builder)
        let input = builder.feed("x", x)
        let classes = try test.layer.classes.map { _ in
            inputs["classes"] = try tensor("classes")
            return builder.feed("classes", try tensor("classes").type)
        }
        let y = network(input, variables, classes: classes, mode: test.mode, pass: "test")
        guard y.shape == cotangent.shape else { return nil }
        let trained = variables.declared.filter(\.trainable)
        let slopes = gradients(
            of: [y], from: [builder.feed("cotangent", cotangent)],
            withRespectTo: [input] + trained.map(variables.value))
        for (name, slope) in zip(["x"] + trained.map { short($0.name) }, slopes) {
            builder.result("gradient.\(name)", slope)
        }
        builder.result("y", y)
        for variable in variables.declared {
            inputs[variable.name] = try tensor("weights.\(short(variable.name))")
        }
        return (builder.graph, inputs)
    }

    /// The largest difference from the framework's values, relative to the largest of them.
    private func worstError(of test: Case) throws -> Double {
        guard let (graph, inputs) = try traced(test) else { return .infinity }
        var found: [String: [Double]] = [:]
        for (name, value) in Interpreter(graph).run(inputs) {
            found[name.hasPrefix("net.") ? "moved.\(short(name))" : name] = value.values
        }
        let file = try file(test.framework)
        var worst = 0.0
        for name in file.names where name.hasPrefix("\(test.name).") {
            let part = String(name.dropFirst(test.name.count + 1))
            if ["x", "cotangent", "classes"].contains(part) || part.hasPrefix("weights.") {
                continue
            }
            let expected = try file.doubles(name)
            guard let values = found[part], values.count == expected.count else { return .infinity }
            let difference = zip(values, expected).map { abs($0 - $1) }.max() ?? 0
            worst = max(worst, difference / (expected.map(abs).max() ?? 1))
        }
        return worst
    }
}
