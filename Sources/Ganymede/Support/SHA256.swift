import COpenSSL
import FoundationEssentials

/// Incremental SHA-256, by OpenSSL.
final class SHA256 {
    private let context = EVP_MD_CTX_new()

    init() { check(EVP_DigestInit_ex(context, EVP_sha256(), nil)) }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
    }

    /// The digest in hexadecimal. The object cannot be used afterwards.
    func hexadecimal() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        check(EVP_DigestFinal_ex(context, &digest, nil))
        return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// OpenSSL fails only if its installation is broken or memory runs out.
    private func check(_ status: Int32) {
        if status != 1 { misuse("OpenSSL cannot compute SHA-256") }
    }
}

/// SHA-256 of the concatenated parts, in hexadecimal.
func sha256(_ parts: (any ContiguousBytes)...) -> String {
    let hash = SHA256()
    for part in parts { part.withUnsafeBytes(hash.update) }
    return hash.hexadecimal()
}
