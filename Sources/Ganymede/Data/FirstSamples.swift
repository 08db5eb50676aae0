extension NamedDataset {
    /// The dataset that `name` stands for: one of `datasets`, or the first training samples of one, as in `mnist:200`,
    /// with its whole test split. Nil if it stands for neither.
    static func named(_ name: String, among datasets: [NamedDataset]) -> NamedDataset? {
        if let whole = datasets.first(where: { $0.name == name }) { return whole }
        guard let (base, digits) = parts(of: name, among: datasets), let count = Int(digits),
            (1...base.count).contains(count), "\(count)" == digits
        else { return nil }
        return base.first(count)
    }

    /// Why `name`, which begins with a dataset's name and a colon, stands for no samples; nil for other names.
    static func fault(of name: String) -> String? {
        guard let (base, digits) = parts(of: name, among: all) else { return nil }
        return "\(base.name):N is the first N samples of \(base.name), with N from 1 to "
            + "\(base.count), not \"\(digits)\""
    }

    private static func parts(
        of name: String, among datasets: [NamedDataset]
    ) -> (base: NamedDataset, digits: Substring)? {
        guard let colon = name.lastIndex(of: ":"),
            let base = datasets.first(where: { $0.name == name[..<colon] })
        else { return nil }
        return (base, name[name.index(after: colon)...])
    }

    private func first(_ count: Int) -> NamedDataset {
        let whole = self
        return NamedDataset(
            name: "\(name):\(count)", about: "the first \(count) of \(name)", extent: extent,
            count: count, classNames: classNames, features: features, evaluatorName: evaluatorName
        ) { part, split, folders in
            let loaded = try whole.load(split, folders: folders)
            let chosen = split == .training ? Array(0..<count) : Array(0..<loaded.count)
            return Dataset(
                name: part.name, samples: loaded.samples.picking(chosen),
                labels: loaded.labels.map { $0.rows(chosen, of: 1) },
                classNames: loaded.classNames)
        }
    }
}
