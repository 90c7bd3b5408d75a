// Why: files written by others carry this digest; one that differs in any length of input refuses
// them all.
#include <span>
#include <string>

#include "check.hpp"
#include "file/blake2b.hpp"

namespace {

std::string digest(const std::string& text, std::size_t bytes) {
    zbins::file::Blake2b hash(bytes);
    hash.update(std::as_bytes(std::span(text)));
    return hash.digits();
}

}  // namespace

TEST(published_answers) {
    // RFC 7693, appendix A.
    CHECK_EQ(digest("abc", 64),
             "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
             "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    // As `b2sum -l 256` prints them.
    CHECK_EQ(digest("abc", 32), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    CHECK_EQ(digest("", 32), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

TEST(every_length_and_every_cut) {
    // The digest of the digests of 0 to 999 bytes, by hashlib of Python.
    std::string text, digests;
    for (int n = 0; n < 1000; ++n) {
        const std::string digits = digest(text, 32);
        for (std::size_t i = 0; i < digits.size(); i += 2)
            digests += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
        text += static_cast<char>(n % 251);
    }
    CHECK_EQ(digest(digests, 32),
             "ab1e1cbf1ea33b4a46f56e1910299f18e2d0f3253438ec05e5ca0917765d993e");
    const std::string whole = digest(text, 32);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        zbins::file::Blake2b hash(32);
        const auto bytes = std::as_bytes(std::span(text));
        hash.update(bytes.first(cut));
        hash.update(bytes.subspan(cut));
        CHECK_EQ(hash.digits(), whole);
    }
}
