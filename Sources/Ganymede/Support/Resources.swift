import CResources
package import FoundationEssentials

/// Files inside the command.
package enum Resources {
    /// The content of a file; nil if there is none of this name.
    package static func data(_ name: String) -> Data? {
        let resource = ganymede_resource_named(name)
        return resource.bytes == nil ? nil : Data(bytes: resource.bytes, count: resource.count)
    }
}
