/// A square scatter plot of points in the plane: real ones blue, generated ones red. The background shows the
/// discriminator's output at each position: blue for real, red for generated, white for undecided.
package struct Scatter {
    /// Width and height in pixels of the pictures of a run.
    package static let side = 400
    /// Width and height in pixels.
    private let side: Int
    /// Half the side of the square that is shown, which is centred at the origin.
    private let reach: Double
    package private(set) var raster: Raster

    private typealias Colour = (red: Double, green: Double, blue: Double)
    private static let real: Colour = (30, 90, 165)
    private static let generated: Colour = (200, 40, 30)

    /// A white picture of the square from `-reach` to `reach`.
    package init(reach: Double, side: Int = Scatter.side) {
        self.reach = reach
        self.side = side
        raster = Raster(
            height: side, width: side, channels: 3,
            pixels: [UInt8](repeating: 255, count: side * side * 3))
    }

    /// The `reach` that shows all `points` [count, 2], with a margin.
    static func reach(of points: some Sequence<Float>) -> Double {
        1.25 * max(points.reduce(0) { max($0, abs(Double($1))) }, 1e-3)
    }

    /// Colours the background by how real the discriminator finds it, from 0 to 1, [side / 2, side / 2], top row first.
    package mutating func shade(_ probabilities: [Float]) {
        for y in 0..<Scatter.side {
            for x in 0..<Scatter.side {
                let probability = Double(probabilities[y / 2 * (Scatter.side / 2) + x / 2])
                let colour = probability < 0.5 ? Scatter.generated : Scatter.real
                // At most 40 % opaque, so that points stay visible.
                mix(colour, share: 0.8 * abs(probability - 0.5), x: x, y: y)
            }
        }
    }

    /// Draws real points [count, 2]: large and light, so that generated ones stay visible on top of them.
    package mutating func draw(real points: some Collection<Float>) {
        draw(Array(points), Scatter.real, radius: 3 * size, share: 0.25)
    }

    /// Draws generated points [count, 2], `larger` times as large as those of a run's pictures.
    package mutating func draw(generated points: [Float], larger: Double = 1) {
        draw(points, Scatter.generated, radius: 1.5 * size * larger, share: 0.8)
    }

    /// How much larger the picture is than those of a run.
    private var size: Double { Double(side) / Double(Scatter.side) }

    /// Draws antialiased discs. Points outside the picture are skipped, and so are NaN and infinity.
    private mutating func draw(_ points: [Float], _ colour: Colour, radius: Double, share: Double) {
        let scale = Double(side) / (2 * reach)
        for index in stride(from: 0, to: points.count - 1, by: 2) {
            let x = (Double(points[index]) + reach) * scale - 0.5
            let y = (reach - Double(points[index + 1])) * scale - 0.5
            guard max(abs(x), abs(y)) < 2 * Double(side) else { continue }
            let extent = Int(radius) + 1
            for row in Int(y.rounded()) - extent...Int(y.rounded()) + extent
            where (0..<side).contains(row) {
                for column in Int(x.rounded()) - extent...Int(x.rounded()) + extent
                where (0..<side).contains(column) {
                    let (dx, dy) = (Double(column) - x, Double(row) - y)
                    let distance = (dx * dx + dy * dy).squareRoot()
                    let covered = max(0, min(1, radius + 0.5 - distance))
                    mix(colour, share: share * covered, x: column, y: row)
                }
            }
        }
    }

    /// Blends a colour into a pixel with opacity `share`.
    private mutating func mix(_ colour: Colour, share: Double, x: Int, y: Int) {
        let place = (y * side + x) * 3
        for (channel, value) in [colour.red, colour.green, colour.blue].enumerated() {
            let old = Double(raster.pixels[place + channel])
            raster.pixels[place + channel] = UInt8((old + (value - old) * share).rounded())
        }
    }
}
