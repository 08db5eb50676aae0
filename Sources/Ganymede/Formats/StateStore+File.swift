extension StateStore {
    /// Writes the chosen tensors, all unless said, into a `.safetensors` file, whole or not at all.
    public func write(to path: String, names: [String]? = nil) throws {
        let tensors = (names ?? self.names).map { name in
            guard let tensor = self[name] else { misuse("there is no state \(name)") }
            return (name: name, tensor: tensor)
        }
        try Safetensors.write(path, tensors, metadata: [:])
    }

    /// Reads every tensor of a `.safetensors` file. Throws where the file cannot be read, or where a tensor has another
    /// shape than a state of that name.
    public func read(from path: String) throws {
        let file = try Safetensors(path)
        let shapes = shapes
        for name in file.names {
            let tensor = try file.tensor(name)
            if let shape = shapes[name], shape != tensor.shape {
                throw GanymedeError.mismatch(
                    "\(quoted(path)): \(name) is \(tensor.shape), and here it is \(shape)")
            }
            self[name] = tensor
        }
    }
}
