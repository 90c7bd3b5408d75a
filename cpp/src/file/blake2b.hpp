// BLAKE2b (RFC 7693) without a key: what the checksum of a model file is computed with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace zbins::inline v1::file {

class Blake2b {
public:
    explicit Blake2b(std::size_t digest_bytes);  // 1 to 64

    void update(std::span<const std::byte> bytes);
    // The digest as hexadecimal digits; nothing can be added after it.
    std::string digits();

private:
    void compress(const std::byte* block, std::uint64_t length, bool last);

    std::size_t digest_bytes_;
    std::array<std::uint64_t, 8> state_;
    std::uint64_t length_ = 0;  // bytes so far
    // The last block is compressed in another way, so one is kept until it is known not to be last.
    std::array<std::byte, 128> kept_{};
    std::size_t n_kept_ = 0;
};

}  // namespace zbins::inline v1::file
