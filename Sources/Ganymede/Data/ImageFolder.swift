/// A folder of PNG, JPEG, GIF and WebP files, with sub-folders; a sub-folder's name is the class of its pictures.
struct ImageFolder {
    struct File {
        /// Relative to the folder.
        let path: String
        /// Nil for a broken link.
        let status: Files.Status?
    }

    /// As the user wrote it.
    let path: String
    /// Sorted by name, folder by folder.
    let files: [File]
    /// The class of each file, if there are classes.
    let labels: [Int]?
    let classNames: [String]?
    /// Notes for the user; none of them is an error.
    let notes: [String]

    /// Extensions of files that are read. Their format is detected from the content.
    static let endings = [".png", ".jpg", ".jpeg", ".gif", ".webp"]

    /// Whether a file's name has the extension of a picture.
    static func isPicture(_ name: String) -> Bool {
        endings.contains(where: name.lowercased().hasSuffix)
    }

    /// Finds the files without decoding them. Hidden files and folders are skipped. Links are followed, and each folder
    /// is read once even if several links lead to it.
    init(_ path: String) throws {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.path = path
        var search = Search(path)
        while let folder = search.pending.popLast() { try search.visit(folder) }
        guard !search.files.isEmpty else {
            throw GanymedeError.dataUnsuitable(
                "\(quoted(path)) holds no pictures: put files there that end in "
                    + ImageFolder.endings.joined(separator: ", ") + ", or IDX files")
        }
        files = search.files
        let names = files.map { file in
            file.path.firstIndex(of: "/").map { String(file.path[..<$0]) }
        }
        let known = names.reduce(into: [String]()) {
            if let name = $1, $0.last != name { $0.append(name) }
        }
        let isLabelled = !names.contains(nil) && known.count <= 256
        let number = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
        classNames = isLabelled ? known : nil
        labels = isLabelled ? names.map { $0.flatMap { number[$0] } ?? 0 } : nil
        notes = search.notes + ImageFolder.notes(known, isMixed: names.contains(nil))
    }

    private static func notes(_ classes: [String], isMixed: Bool) -> [String] {
        if classes.count == 1 && !isMixed { return ["there is one class only"] }
        if classes.count > 256 {
            return [
                "there are \(classes.count) sub-folders, more than 256: no labels are made of them"
            ]
        }
        return isMixed && !classes.isEmpty
            ? ["pictures lie beside sub-folders: no labels are made of those"] : []
    }
}

/// Walks a folder tree.
private struct Search {
    let root: String
    /// Folders to visit, relative to the root; the next one is last.
    var pending = [""]
    var files: [ImageFolder.File] = []
    private var visited: Set<Files.Status.Identity>
    private var again: [String] = []
    private var others = 0

    init(_ root: String) {
        self.root = root
        visited = Files.status(root).map { [$0.identity] } ?? []
    }

    mutating func visit(_ folder: String) throws {
        var folders: [String] = []
        for name in try Files.list(folder.isEmpty ? root : "\(root)/\(folder)")
        where !name.hasPrefix(".") {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let status = Files.status("\(root)/\(path)")
            if let status, status.isDirectory {
                if visited.insert(status.identity).inserted {
                    folders.append(path)
                } else {
                    again.append(path)
                }
            } else if ImageFolder.isPicture(name) {
                files.append(.init(path: path, status: status))
            } else {
                others += 1
            }
        }
        pending += folders.reversed()
    }

    var notes: [String] {
        var notes = again.sorted().map { "\($0) leads to a folder that is already in: read once" }
        if others > 0 {
            notes.append(
                "\(others) \(others == 1 ? "file is" : "files are") left out: other endings")
        }
        return notes
    }
}
