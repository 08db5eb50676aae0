import CGD
package import FoundationEssentials

/// Owns a libgd image.
final class GDImage {
    let pointer: gdImagePtr

    init(_ pointer: gdImagePtr?, _ what: @autoclosure () -> String) throws {
        guard let pointer else {
            throw GanymedeError.fileUnwritable("libgd could not make \(what())")
        }
        self.pointer = pointer
    }

    deinit { gdImageDestroy(pointer) }

    /// A grey picture gets a palette of `greys` levels from black to white, or true colour if `greys` is nil. Other
    /// pictures are always true colour.
    convenience init(_ raster: Raster, greys: Int? = 256) throws {
        let (width, height) = (Int32(raster.width), Int32(raster.height))
        let palette = raster.channels == 1 ? greys : nil
        try self.init(
            palette == nil ? gdImageCreateTrueColor(width, height) : gdImageCreate(width, height),
            "a picture of \(width)x\(height)")
        if let greys = palette {
            for index in 0..<greys {
                let grey = Int32(index * 255 / (greys - 1))
                _ = gdImageColorAllocate(pointer, grey, grey, grey)
            }
        }
        // libgd's own functions check every pixel, several times.
        let (rows, indices) = (pointer.pointee.tpixels, pointer.pointee.pixels)
        raster.pixels.withUnsafeBufferPointer { pixels in
            for y in 0..<raster.height {
                for x in 0..<raster.width {
                    let at = (y * raster.width + x) * raster.channels
                    let red = Int32(pixels[at])
                    if let greys = palette {
                        indices?[y]?[x] = UInt8((red * Int32(greys - 1) + 127) / 255)
                    } else if raster.channels == 1 {
                        rows?[y]?[x] = red << 16 | red << 8 | red
                    } else {
                        rows?[y]?[x] =
                            red << 16 | Int32(pixels[at + 1]) << 8 | Int32(pixels[at + 2])
                    }
                }
            }
        }
    }

    /// The pixels; grey is the mean of red, green and blue.
    func raster(channels: Int) -> Raster {
        let (width, height) = (Int(pointer.pointee.sx), Int(pointer.pointee.sy))
        var raster = Raster(height: height, width: width, channels: channels)
        // Null in a picture with a palette.
        let rows = pointer.pointee.tpixels
        raster.pixels.withUnsafeMutableBufferPointer { pixels in
            for y in 0..<height {
                let row = rows?[y]
                for x in 0..<width {
                    let colour = row?[x] ?? gdImageGetTrueColorPixel(pointer, Int32(x), Int32(y))
                    let (red, green, blue) = (
                        colour >> 16 & 255, colour >> 8 & 255, colour & 255
                    )
                    let at = (y * width + x) * channels
                    if channels == 1 {
                        pixels[at] = UInt8((red + green + blue + 1) / 3)
                    } else {
                        pixels[at] = UInt8(red)
                        pixels[at + 1] = UInt8(green)
                        pixels[at + 2] = UInt8(blue)
                    }
                }
            }
        }
        return raster
    }

    /// A picture of half the size in true colour: each pixel is the mean of four.
    func halved() throws -> GDImage {
        let (width, height) = (pointer.pointee.sx / 2, pointer.pointee.sy / 2)
        let half = try GDImage(
            gdImageCreateTrueColor(width, height), "a picture of \(width)x\(height)")
        guard let from = pointer.pointee.tpixels, let to = half.pointer.pointee.tpixels else {
            return half
        }
        for y in 0..<Int(height) {
            guard let above = from[2 * y], let below = from[2 * y + 1], let row = to[y] else {
                continue
            }
            for x in 0..<Int(width) {
                // Red and blue are 16 bits apart: their sums do not meet.
                let (a, b, c, d) = (above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1])
                let outer =
                    a & 0xff00ff + b & 0xff00ff + c & 0xff00ff + d & 0xff00ff
                let green = a & 0xff00 + b & 0xff00 + c & 0xff00 + d & 0xff00
                row[x] = outer >> 2 & 0xff00ff | green >> 2 & 0xff00
            }
        }
        return half
    }

    /// The picture resampled to `side` x `side` pixels, unless it has that size. Other aspect ratios are stretched.
    func square(_ side: Int) throws -> GDImage {
        if pointer.pointee.sx == side && pointer.pointee.sy == side { return self }
        let target = try GDImage(
            gdImageCreateTrueColor(Int32(side), Int32(side)), "a picture of \(side)x\(side)")
        gdImageCopyResampled(
            target.pointer, pointer, 0, 0, 0, 0, Int32(side), Int32(side), pointer.pointee.sx,
            pointer.pointee.sy)
        return target
    }
}

extension Raster {
    /// The picture as a PNG file.
    ///
    /// - Parameter greys: number of grey levels; fewer make a smaller file.
    package func png(greys: Int = 256) throws -> Data {
        let image = try GDImage(self, greys: greys)
        var count: Int32 = 0
        guard let bytes = gdImagePngPtr(image.pointer, &count) else {
            throw GanymedeError.fileUnwritable("libgd could not write a PNG")
        }
        defer { gdFree(bytes) }
        return Data(bytes: bytes, count: Int(count))
    }

    /// Decodes a PNG file; `source` is named in errors.
    package init(png data: Data, channels: Int, _ source: String) throws {
        let pointer = data.withUnsafeBytes {
            gdImageCreateFromPngPtr(
                Int32($0.count), UnsafeMutableRawPointer(mutating: $0.baseAddress))
        }
        guard pointer != nil else {
            throw GanymedeError.fileMalformed("\(quoted(source)) is not a PNG picture")
        }
        self = try GDImage(pointer, source).raster(channels: channels)
    }

    /// Encodes the pictures as a looping GIF.
    ///
    /// - Parameters:
    ///   - hundredths: how long each picture is shown, in hundredths of a second.
    ///   - ends: the same for the first and the last picture.
    ///   - greys: number of grey levels; fewer make a smaller file. Colour pictures get an adapted palette of 256.
    package static func gif(
        _ frames: some Collection<Raster>, hundredths: Int, ends: Int, greys: Int = 256
    ) throws -> Data {
        var data = Data()
        func append(_ bytes: UnsafeMutableRawPointer?, _ count: Int32) throws {
            guard let bytes else {
                throw GanymedeError.fileUnwritable("libgd could not write a GIF")
            }
            data.append(Data(bytes: bytes, count: Int(count)))
            gdFree(bytes)
        }
        for (index, frame) in frames.enumerated() {
            let image = try GDImage(frame, greys: greys)
            // All grey pictures share one global colour table.
            let isColour: Int32 = frame.channels == 3 ? 1 : 0
            if isColour == 1 { gdImageTrueColorToPalette(image.pointer, 0, 256) }
            var count: Int32 = 0
            if index == 0 {
                try append(gdImageGifAnimBeginPtr(image.pointer, &count, 1, 0), count)
            }
            let delay = Int32(index == 0 || index == frames.count - 1 ? ends : hundredths)
            // Whole frames: libgd cannot write the difference of two identical pictures.
            let bytes = gdImageGifAnimAddPtr(
                image.pointer, &count, isColour, 0, 0, delay, 1, nil)
            try append(bytes, count)
        }
        var count: Int32 = 0
        try append(gdImageGifAnimEndPtr(&count), count)
        return data
    }
}
