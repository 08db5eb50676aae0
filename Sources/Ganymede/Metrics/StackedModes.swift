/// Modes of StackedMNIST, pictures whose three channels are each a digit: the 1000 three-digit classes that occur at
/// least once. As Metz et al., "Unrolled generative adversarial networks" (2016), with 26,000 samples since Srivastava
/// et al., "VEEGAN" (2017). Then perfect samples of equal classes have a KL to uniform of 0.0193 on average.
public enum StackedModes {
    /// The number of classes.
    public static let classes = 1000

    /// How often each class occurs: 100 first + 10 second + third. The digits 0 to 9 of each channel of N pictures;
    /// misuse where there are no pictures, or not as many for each channel.
    public static func histogram(
        _ first: [Int], _ second: [Int], _ third: [Int]
    ) -> ClassHistogram {
        if first.count != second.count || first.count != third.count {
            misuse("digits of \(first.count), \(second.count) and \(third.count) pictures")
        }
        let stacks = first.indices.map { index in
            [first[index], second[index], third[index]].reduce(0) { number, digit in
                if !(0...9).contains(digit) { misuse("a digit of \(digit)") }
                return 10 * number + digit
            }
        }
        return ClassHistogram(stacks, classes: classes)
    }
}
