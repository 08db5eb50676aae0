import Foundation
import Ganymede

/// The files of the page, which are inside the command.
enum StudioPage {
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
    ]

    /// Every file by its name.
    static let names = [
        "index.html", "studio.css", "studio.js", "curves.js", "samples.js", "latent.js",
        "steering.js", "critic.js", "layers.js", "points.js", "sides.js",
    ]

    /// A file by its name; the page itself for an empty one.
    static func file(_ name: String) -> (data: Data, type: String)? {
        let name = name.isEmpty ? "index.html" : name
        guard names.contains(name), let data = Resources.data("studio/\(name)"),
            let type = types[Files.ending(name)]
        else { return nil }
        return (data, type)
    }
}
