import FoundationEssentials

/// Where datasets and decoded images are kept on this machine.
public struct DataFolders: Sendable {
    /// Folders that may hold a folder `fashion-mnist`, searched in this order.
    public let datasets: [String]
    /// Where `ganymede data fetch` makes such a folder; nil if the user has no home folder.
    public let downloads: String?
    /// Where decoded images are cached between runs; nil if the user has no home folder.
    public let cache: String?

    /// Exactly these folders.
    public init(datasets: [String], downloads: String?, cache: String?) {
        self.datasets = datasets
        self.downloads = downloads
        self.cache = cache
    }

    /// `$GANYMEDE_DATA`, then the XDG base directories: the user's, then the system's, where Debian's dataset packages
    /// are. Relative paths are ignored, as the XDG specification asks.
    public init(environment: [String: String]) {
        func folder(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let home = folder("HOME")
        let user = folder("XDG_DATA_HOME") ?? home.map { $0 + "/.local/share" }
        let own = [folder("GANYMEDE_DATA"), user.map { $0 + "/ganymede" }].compactMap { $0 }
        let shared = (folder("XDG_DATA_DIRS") ?? "/usr/local/share:/usr/share").split(
            separator: ":")
        let cache = folder("XDG_CACHE_HOME") ?? home.map { $0 + "/.cache" }
        self.init(
            datasets: own + shared.map { $0 + "/datasets" }, downloads: own.first,
            cache: cache.map { $0 + "/ganymede" })
    }

    /// The folders of this process's environment.
    public static var standard: DataFolders {
        DataFolders(environment: ProcessInfo.processInfo.environment)
    }
}
