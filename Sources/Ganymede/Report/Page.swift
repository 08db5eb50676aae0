import FoundationEssentials

/// Building blocks of HTML pages. Each page is one file that needs no network.
enum Page {
    /// A whole page around `body`.
    static func html(title: String, _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width,initial-scale=1"/>
        <title>\(escaped(title))</title>
        <style>\(style)</style></head><body>
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

    /// A table with an optional header.
    static func table(head: [String]? = nil, _ rows: [[String]]) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        let lines = [head].compactMap { $0 }.map { row($0, "th") } + rows.map { row($0, "td") }
        return "<div class=\"wide\"><table>\(lines.joined(separator: "\n"))</table></div>"
    }

    /// The picture at `path`, embedded in the page.
    static func figure(_ path: String, _ caption: String, kind: String = "png") throws -> String {
        let data = try Files.read(path).base64EncodedString()
        return
            "<figure><img alt=\"\(escaped(caption))\" src=\"data:image/\(kind);base64,\(data)\"/>"
            + "<figcaption>\(escaped(caption))</figcaption></figure>"
    }

    private static let style = """
        :root{color-scheme:light dark;--ink:#222;--soft:#666;--rule:#ddd;--ground:#fff}
        @media(prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--rule:#3a3d42;--ground:#17191c}}
        body{font:16px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;
        color:var(--ink);background:var(--ground)}
        h1 small{font-weight:normal;color:var(--soft)}h2{margin-top:2.5rem;font-size:1.15rem}
        .row{display:grid;gap:1.2rem}figure{margin:0}
        img{image-rendering:pixelated;width:100%;max-width:100%;display:block}
        figcaption{font-size:.85rem;color:var(--soft);margin-top:.3rem}
        .wide{overflow-x:auto}svg{width:100%;max-width:860px;min-width:560px;display:block}
        svg text{font-size:12px;fill:var(--soft)}svg [font-weight]{fill:var(--ink)}
        polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .grid{stroke:var(--rule);stroke-width:1}.faint{stroke-width:1;stroke-opacity:.25}
        pre{font-size:.8rem;line-height:1.3}table{border-collapse:collapse;font-size:.85rem}
        td{border-bottom:1px solid var(--rule);padding:.15rem .8rem .15rem 0}
        td:not(:last-child){white-space:nowrap}th{text-align:left;padding-right:.8rem}
        summary{cursor:pointer}
        """
}
