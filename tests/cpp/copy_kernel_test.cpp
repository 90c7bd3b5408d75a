// Why: samples too many for a cache are stored past it, which takes addresses of whole vectors;
// what lies before the first of them and behind the last must be copied too, and nothing around it
// written, at every instruction set of this machine.
#include <numeric>
#include <vector>

#include "check.hpp"
#include "kernels/dispatch.hpp"

TEST(kernels_copy_any_bytes_from_anywhere_to_anywhere) {
    constexpr std::size_t most = 300, room = 64;
    std::vector<unsigned char> from(most + room);
    std::iota(from.begin(), from.end(), static_cast<unsigned char>(1));
    for (const auto* level : zbins::kernels::available()) {
        for (std::size_t offset = 0; offset < room; ++offset) {
            for (std::size_t bytes = 0; bytes <= most; ++bytes) {
                const check::Note note(level->name, ", ", bytes, " bytes, offset ", offset);
                const std::size_t begin = (7 * offset + bytes) % room;
                std::vector<unsigned char> to(most + 2 * room), wanted = to;
                for (std::size_t i = 0; i < bytes; ++i) wanted[offset + i] = from[begin + i];
                level->copy_past_cache(&to[offset], &from[begin], static_cast<std::int64_t>(bytes));
                CHECK(to == wanted);
            }
        }
    }
}
