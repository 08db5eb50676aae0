import FoundationEssentials

/// Building blocks of HTML pages. Each page is one file that needs no network and no script.
enum Page {
    /// A whole page around `body`.
    static func html(title: String, _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width,initial-scale=1"/>
        <title>\(escaped(title))</title>
        <style>\(SeriesStyle.css)\(style)</style></head><body>
        \(body)
        </body></html>

        """
    }

    /// Pictures in rows below a heading.
    static func section(
        _ title: String, _ figures: [String], columns: Int = 3, note: String = ""
    ) -> String {
        // Two columns on a phone.
        let width = "min(45%,\(columns > 3 ? 200 : 240)px)"
        let style = "grid-template-columns:repeat(auto-fill,minmax(\(width),1fr))"
        return "<h2>\(escaped(title))</h2>\n" + (note.isEmpty ? "" : "<p>\(escaped(note))</p>\n")
            + "<div class=\"row\" style=\"\(style)\">\(figures.joined(separator: "\n"))</div>"
    }

    /// The content of a table's cell.
    struct Cell {
        fileprivate let tag: String

        /// Plain text.
        static func text(_ text: String) -> Cell { Cell(tag: "<td>\(escaped(text))</td>") }
        /// A figure that is the best of its row, which a star says too.
        static func best(_ text: String) -> Cell {
            Cell(tag: "<td class=\"best\"><b>\(escaped(text))</b> \u{2605}</td>")
        }
        /// The name of a figure, which opens what it means.
        static func figure(_ name: String) -> Cell { Cell(tag: "<td>\(Page.explained(name))</td>") }
        /// A sentence, which is left out on narrow screens.
        static func about(_ text: String) -> Cell {
            Cell(tag: "<td class=\"about\">\(escaped(text))</td>")
        }
        /// The figures of a row, of which the best are marked.
        static func figures(_ name: String, _ values: [(value: Double?, text: String)]) -> [Cell] {
            let best = Glossary.entry(name)?.better.best(of: values.map(\.value)) ?? []
            return values.enumerated().map { best.contains($0) ? .best($1.text) : .text($1.text) }
        }
    }

    /// A table with an optional header.
    static func table(head: [String]? = nil, _ rows: [[Cell]]) -> String {
        let header = head.map { head in
            "<tr>" + head.map { "<th>\(escaped($0))</th>" }.joined() + "</tr>"
        }
        let lines = rows.map { "<tr>" + $0.map(\.tag).joined() + "</tr>" }
        let all = ([header].compactMap { $0 } + lines).joined(separator: "\n")
        return "<div class=\"wide\"><table>\(all)</table></div>"
    }

    /// A figure's title, which opens its three sentences; also on a screen without a pointer.
    static func explained(_ name: String) -> String {
        guard let entry = Glossary.entry(name) else { return escaped(name) }
        return "<details class=\"word\"><summary title=\"\(escaped(entry.text))\">"
            + "\(escaped(entry.title))</summary><p>\(escaped(entry.text))</p></details>"
    }

    /// Every figure that the page can show, by section.
    static var glossary: String {
        let sections = Glossary.sections.map { title, entries in
            "<h3>\(escaped(title))</h3><dl>"
                + entries.map {
                    let name = $0.name == $0.title ? "" : " <code>\(escaped($0.name))</code>"
                    return "<dt>\(escaped($0.title))\(name)</dt><dd>\(escaped($0.text))</dd>"
                }.joined(separator: "\n") + "</dl>"
        }
        return "<h2>What the numbers mean</h2>\n"
            + "<p>D is the discriminator, G is the generator. The names of figures open the same texts.</p>\n"
            + "<details><summary>\(Glossary.all.count) figures</summary>\(sections.joined())</details>"
    }

    /// The picture at `path`, embedded in the page.
    static func figure(_ path: String, _ caption: String, kind: String = "png") throws -> String {
        let data = try Files.read(path).base64EncodedString()
        return
            "<figure><img alt=\"\(escaped(caption))\" src=\"data:image/\(kind);base64,\(data)\"/>"
            + "<figcaption>\(escaped(caption))</figcaption></figure>"
    }

    /// A film of pictures of one size with a button that pauses it. Readers who want no motion see the last picture.
    ///
    /// - Parameter name: names the film on its page.
    static func film(_ frames: [Raster], _ caption: String, name: String) throws -> String {
        guard let last = frames.last else { return "" }
        let count = frames.count
        // One picture with all frames below each other moves behind a window of the size of one.
        let strip = Raster(
            height: count * last.height, width: last.width, channels: last.channels,
            pixels: frames.flatMap(\.pixels))
        let data = try strip.png(greys: 32).base64EncodedString()
        let style =
            "--to:-\(fixed(100 * Double(count - 1) / Double(count), 4))%;"
            + "animation-duration:\(max(count * 3 / 10, 1) + 1)s;"
            + "animation-timing-function:steps(\(max(count - 1, 1)))"
        return """
            <figure class="film"><input type="checkbox" id="\(name)"/>
            <div class="frames" style="aspect-ratio:\(last.width)/\(last.height)">
            <img alt="\(escaped(caption))" style="\(style)" src="data:image/png;base64,\(data)"/></div>
            <label for="\(name)"><span class="go">Play</span><span class="stop">Pause</span></label>
            <figcaption>\(escaped(caption))</figcaption></figure>
            """
    }

    private static let style = """

        body{font:16px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;
        color:var(--ink);background:var(--ground)}
        h1{overflow-wrap:anywhere}h1 small{font-weight:normal;color:var(--soft)}
        h2{margin-top:2.5rem;font-size:1.15rem}h3{font-size:1rem}
        .row{display:grid;gap:1.2rem}figure{margin:0}
        img{image-rendering:pixelated;width:100%;max-width:100%;display:block}
        figcaption{font-size:.85rem;color:var(--soft);margin-top:.3rem}
        .wide{overflow-x:auto}svg{width:100%;max-width:860px;min-width:560px;display:block}
        pre{font-size:.8rem;line-height:1.3}table{border-collapse:collapse;font-size:.85rem}
        td{border-bottom:1px solid var(--rule);padding:.15rem .8rem .15rem 0;vertical-align:top}
        td{white-space:nowrap}td:nth-child(2):last-child{white-space:normal;overflow-wrap:anywhere}
        th{text-align:left;vertical-align:bottom;padding-right:.8rem;overflow-wrap:anywhere;min-width:4rem}
        td:first-child,th:first-child{position:sticky;left:0;background:var(--ground)}
        td.about{color:var(--soft);white-space:normal;min-width:18rem}summary{cursor:pointer}dt{font-weight:bold}dd{margin:0 0 .6rem 1rem}
        .word p{white-space:normal;max-width:min(22rem,45vw);margin:.2rem 0 .5rem;color:var(--soft)}
        .word summary{text-decoration:underline dotted;text-underline-offset:.2em}
        .words{display:flex;flex-wrap:wrap;gap:.2rem 1.5rem;font-size:.85rem}
        .lines{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.5rem;font-size:.85rem}
        .lines svg{display:inline-block;width:40px;min-width:0;height:10px;margin-right:.5rem}
        .frames{overflow:hidden}.frames img{animation:film infinite}
        .film input{position:absolute;opacity:0}.film .go,.film input:checked~label .stop{display:none}
        .film input:checked~label .go{display:inline}
        .film input:checked+.frames img{animation-play-state:paused}
        .film input:focus-visible~label{outline:2px solid var(--ink);outline-offset:2px}
        .film label{cursor:pointer;display:inline-block;border:1px solid var(--soft);border-radius:4px;
        padding:0 .6rem;margin-top:.4rem;font-size:.85rem}
        @keyframes film{0%{transform:translateY(0)}88%,100%{transform:translateY(var(--to))}}
        @media(prefers-reduced-motion:reduce){.frames img{animation:none;transform:translateY(var(--to))}
        .film label{display:none}}
        @media print{.frames img{animation:none;transform:translateY(var(--to))}.film label{display:none}}
        @media(max-width:480px){td{white-space:normal}.about{display:none}}
        """
}
