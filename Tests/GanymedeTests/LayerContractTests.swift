import Foundation
import Ganymede
import TestSupport
import Testing

/// Properties of every layer. The test fails for a layer of the registry that has no row.
@Suite(.timeLimit(.minutes(20)))
struct LayerContractTests {
    struct Row: CustomStringConvertible, Sendable {
        let layer: any Layer
        let input: [Int]
        let output: [Int]
        let parameters: Int
        /// The input is class numbers, which have no gradient.
        var takesClasses = false
        var description: String { "\(layer)" }
    }

    static let rows: [Row] = [
        Row(layer: Dense(7), input: [13], output: [7], parameters: 98),
        Row(layer: Dense(5, useBias: false), input: [3], output: [5], parameters: 15),
        Row(layer: LeakyReLU(), input: [4, 4, 2], output: [4, 4, 2], parameters: 0),
        Row(layer: ReLU(), input: [17], output: [17], parameters: 0),
        Row(layer: Tanh(), input: [17], output: [17], parameters: 0),
        Row(layer: Sigmoid(), input: [17], output: [17], parameters: 0),
        Row(layer: BatchNorm(), input: [6, 6, 3], output: [6, 6, 3], parameters: 12),
        Row(layer: Dropout(0.4), input: [31], output: [31], parameters: 0),
        Row(layer: Flatten(), input: [3, 5, 2], output: [30], parameters: 0),
        Row(layer: Reshape(5, 6), input: [3, 10], output: [5, 6], parameters: 0),
        Row(
            layer: Conv2D(7, kernelSize: 3), input: [6, 5, 2], output: [4, 3, 7], parameters: 133),
        Row(
            layer: Conv2D(4, kernelSize: [3, 2], strides: [2, 1], padding: .same, useBias: false),
            input: [7, 5, 3], output: [4, 5, 4], parameters: 72),
        Row(
            layer: Conv2D(2, kernelSize: 3, padding: .symmetric(rows: 1, columns: 0)),
            input: [5, 5, 1], output: [5, 3, 2], parameters: 20),
        Row(
            layer: ConvTranspose2D(5, kernelSize: 5, strides: 2, padding: .same),
            input: [3, 4, 2], output: [6, 8, 5], parameters: 255),
        Row(
            layer: ConvTranspose2D(3, kernelSize: 3, strides: 2, useBias: false),
            input: [4, 4, 2], output: [9, 9, 3], parameters: 54),
        Row(layer: UpSampling2D([2, 3]), input: [3, 4, 2], output: [6, 12, 2], parameters: 0),
        Row(layer: MaxPool2D(), input: [6, 7, 2], output: [3, 3, 2], parameters: 0),
        Row(
            layer: AveragePool2D(3, strides: 2, padding: .same), input: [6, 7, 2],
            output: [3, 4, 2], parameters: 0),
        Row(
            layer: MaxPool2D(3, strides: 2, padding: .same), input: [6, 7, 8], output: [3, 4, 8],
            parameters: 0),
        Row(layer: MaxPool2D(12), input: [24, 12, 2], output: [2, 1, 2], parameters: 0),
        Row(layer: AveragePool2D(12), input: [12, 24, 2], output: [1, 2, 2], parameters: 0),
        Row(layer: ZeroPadding2D([1, 2]), input: [3, 4, 2], output: [5, 8, 2], parameters: 0),
        Row(layer: LayerNorm(), input: [5, 13], output: [5, 13], parameters: 26),
        Row(
            layer: Embedding(6, 4), input: [3], output: [3, 4], parameters: 24, takesClasses: true),
        Row(layer: GroupNorm(groups: 3), input: [4, 3, 6], output: [4, 3, 6], parameters: 12),
        Row(layer: MinibatchStdDev(), input: [4, 3, 5], output: [4, 3, 6], parameters: 0),
        Row(layer: BilinearUpSampling2D(), input: [3, 4, 2], output: [6, 8, 2], parameters: 0),
        Row(layer: BilinearDownSampling2D(), input: [6, 4, 2], output: [3, 2, 2], parameters: 0),
        Row(
            layer: Residual {
                Conv2D(3, kernelSize: 3, padding: .same)
                LeakyReLU(0.2)
                BilinearDownSampling2D()
            } shortcut: {
                AveragePool2D()
                Conv2D(3, kernelSize: 1, useBias: false)
            }, input: [6, 4, 2], output: [3, 2, 3], parameters: 57 + 6),
        Row(
            layer: SpectralNorm(Conv2D(4, kernelSize: 3, padding: .same)), input: [5, 4, 3],
            output: [5, 4, 4], parameters: 112 + 4),
        Row(layer: SpectralNorm(Dense(7)), input: [13], output: [7], parameters: 98 + 7),
        Row(layer: ClassEmbedding(classes: 3, 4), input: [5], output: [9], parameters: 12),
        Row(layer: ClassChannels(classes: 3), input: [4, 3, 2], output: [4, 3, 5], parameters: 0),
        Row(layer: ClassProjection(classes: 3), input: [7], output: [1], parameters: 8 + 21),
        Row(
            layer: ConditionalBatchNorm(classes: 3), input: [4, 3, 5], output: [4, 3, 5],
            parameters: 30 + 10),
    ]

    @Test func everyLayerHasARow() {
        let covered = Set(LayerContractTests.rows.map { type(of: $0.layer).kind })
        #expect(Set(Layers.all.map { $0.kind }) == covered)
    }

    @Test(arguments: rows)
    func shapeAndParameters(row: Row) {
        let network = Sequential("net", input: row.input, layers: [row.layer])
        #expect(network.output == row.output)
        #expect(network.parameterCount == row.parameters)
    }

    /// A discriminator with the layer learns: one step changes every trainable variable.
    @Test(arguments: rows, DNN.hasBFloat16 ? [StoragePrecision.f32, .bf16] : [.f32])
    func oneTrainStep(row: Row, precision: StoragePrecision) throws {
        let discriminator = Sequential("discriminator", input: row.input) {
            row.layer
            Flatten()
            Dense(1)
        }
        let generator = Sequential("generator", input: [3]) {
            Dense(row.input.reduce(1, *))
            // A conditional discriminator needs a conditional generator.
            if let classes = row.layer.classes {
                ClassProjection(classes: classes)
                Dense(row.input.reduce(1, *))
            }
            Tanh()
            Reshape(row.input)
        }
        let step = StepGraph(try GAN(generator: generator, discriminator: discriminator), batch: 6)
        try EngineThread.run {
            let store = StateStore()
            for variable in step.variables {
                store[variable.name] = HostTensor(
                    variable.shape,
                    variable.initializer.values(variable.shape, name: variable.name, seed: 1))
            }
            let before = StateStore()
            store.copy(to: before)
            let program = try Program(step.graph, store: store, precision: precision)
            program.setFeed("key", bits: RandomKey(seed: 1, step: 1).words)
            var numbers = TestNumbers(seed: 3)
            let real = numbers.tensor(Shape([6] + row.input), in: -1...1)
            program.setFeed(
                "real", real.map { Float(row.takesClasses ? abs($0 * 5).rounded() : $0) })
            if program.hasFeed("labels") { program.setFeed("labels", bits: [0, 1, 2, 0, 1, 2]) }
            for scalar in step.hostScalars {
                program.setFeed(scalar.feed, [Float(scalar.exactValue(step: 0))])
            }
            #expect(program.run())
            #expect(program.result("d_loss")[0].isFinite && program.result("g_loss")[0].isFinite)
            for variable in step.variables
            where variable.trainable
                && !(row.takesClasses && variable.name.hasPrefix("generator"))
            {
                #expect(
                    store[variable.name] != before[variable.name], "\(variable.name) did not move")
            }
        }
    }

    /// Values from a file are checked before anything is computed with them.
    @Test(
        arguments: [
            (Conv2D(0, kernelSize: 3), [8, 8, 1]), (Conv2D(1 << 40, kernelSize: 3), [8, 8, 1]),
            (Conv2D(4, kernelSize: 0), [8, 8, 1]), (Conv2D(4, kernelSize: [3, -1]), [8, 8, 1]),
            (Conv2D(4, kernelSize: Extent2D(Int.max)), [8, 8, 1]),
            (Conv2D(4, kernelSize: 9), [8, 8, 1]), (Conv2D(4, kernelSize: 3), [64]),
            (Conv2D(4, kernelSize: 3, strides: 0), [8, 8, 1]),
            (
                Conv2D(4, kernelSize: 3, padding: .symmetric(rows: Int.max, columns: Int.max)),
                [8, 8, 1]
            ),
            (
                ConvTranspose2D(4, kernelSize: 3, padding: .symmetric(rows: 9, columns: 9)),
                [4, 4, 1]
            ),
            (ConvTranspose2D(4, kernelSize: 3, strides: Extent2D(Int.min)), [4, 4, 1]),
            (ConvTranspose2D(65_536, kernelSize: 3, strides: 256), [28, 28, 1]),
            (UpSampling2D(0), [4, 4, 1]), (UpSampling2D(256), [64, 64, 1]),
            (MaxPool2D(5), [4, 4, 1]), (MaxPool2D(9), [64, 64, 1]),
            (AveragePool2D(9, strides: 3), [64, 64, 1]), (AveragePool2D(-2), [4, 4, 1]),
            (MaxPool2D(2, padding: .symmetric(rows: 2, columns: 0)), [4, 4, 1]),
            (ZeroPadding2D(Extent2D(-1)), [4, 4, 1]),
            (ZeroPadding2D(Extent2D(Int.max)), [4, 4, 1]),
            (LayerNorm(epsilon: 0), [4]), (Embedding(0, 3), [1]), (Embedding(3, Int.max), [1]),
            (Dense(Int.max), [4]), (Dropout(1), [4]),
        ] as [(any Layer, [Int])])
    func absurdNumbersAreRefused(layer: any Layer, input: [Int]) throws {
        struct File: Encodable {
            let name = "net"
            let input: [Int]
            let layers: [Element]
        }
        struct Element: Encodable {
            let layer: any Layer
            func encode(to encoder: any Encoder) throws {
                try layer.encode(to: encoder)
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(type(of: layer).kind, forKey: .kind)
            }
        }
        enum Key: String, CodingKey { case kind }
        let data = try JSON.encoder().encode(File(input: input, layers: [Element(layer: layer)]))
        #expect(throws: DecodingError.self) {
            try JSON.decoder().decode(Sequential.self, from: data)
        }
    }

    /// Sizes that are valid one by one, but too large together.
    @Test func growthWithoutEndIsRefused() throws {
        let layers = String(repeating: #"{"kind":"up_sampling2d","size":[256,256]},"#, count: 9)
        let text = #"{"name":"net","input":[4,4,1],"layers":["# + layers.dropLast() + "]}"
        #expect(throws: DecodingError.self) {
            try JSON.decoder().decode(Sequential.self, from: Data(text.utf8))
        }
    }

    @Test(arguments: [#""same""#, #""valid""#, "[1,0]"])
    func paddingSurvivesItsFile(text: String) throws {
        let padding = try JSON.decoder().decode(Padding.self, from: Data(text.utf8))
        #expect(try String(decoding: JSON.encoder().encode(padding), as: UTF8.self) == text)
    }

    @Test(arguments: [#""full""#, "[1]", "3", "null", "{}"])
    func otherPaddingsAreRefused(text: String) {
        #expect(throws: DecodingError.self) {
            try JSON.decoder().decode(Padding.self, from: Data(text.utf8))
        }
    }

    @Test(arguments: rows)
    func savesAndLoads(row: Row) throws {
        let network = Sequential("net", input: row.input, layers: [row.layer])
        let data = try JSON.encoder().encode(network)
        #expect(try JSON.decoder().decode(Sequential.self, from: data) == network)

        let folder = try TemporaryFolder()
        var numbers = TestNumbers(seed: 5)
        let tensors = network.variables.map { variable in
            (
                name: variable.name,
                tensor: HostTensor(
                    variable.shape, numbers.tensor(variable.shape, in: -1...1).map(Float.init))
            )
        }
        try Safetensors.write("\(folder.path)/a.safetensors", tensors, metadata: [:])
        let file = try Safetensors("\(folder.path)/a.safetensors")
        for (name, tensor) in tensors { #expect(try file.tensor(name) == tensor) }
    }
}
