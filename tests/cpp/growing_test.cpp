// Why: runs live in memory that grows in place, moves and is cut off again, on both sides of the
// size from which the system is asked for it directly.
#include "count/growing.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "check.hpp"
#include "inputs.hpp"
#include "sanitized.hpp"
#include "zbins/hash.hpp"

using zbins::Growing;

namespace {

void fill(Growing& words, std::uint64_t from) {
    for (std::uint64_t i = from; i < words.size(); ++i) words.data()[i] = zbins::mix64(i);
}

bool refuses(Growing& words, std::uint64_t size) {
    try {
        words.resize(size);
    } catch (const std::bad_alloc&) {
        return true;
    }
    return false;
}

bool holds(const Growing& words, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        if (words.data()[i] != zbins::mix64(i)) return false;
    }
    return true;
}

}  // namespace

TEST(what_grows_keeps_what_it_holds) {
    inputs::Random random(1);
    for (int round = 0; round < 20; ++round) {
        Growing words;
        std::uint64_t kept = 0;
        for (int step = 0; step < 30; ++step) {
            // 16,384 words are mapped, 16,383 are not.
            const std::uint64_t size = step % 3 == 0   ? 16383 + random.below(3)
                                       : step % 3 == 1 ? random.below(200)
                                                       : random.below(200000);
            const check::Note note("step ", step, " to ", size, " words");
            words.resize(size);
            CHECK_EQ(words.size(), size);
            kept = std::min(kept, size);
            CHECK(holds(words, kept));
            fill(words, kept);
            kept = size;
        }
        Growing moved = std::move(words);
        CHECK(holds(moved, kept));
        CHECK_EQ(words.size(), 0);  // NOLINT: a moved-from one is empty
        words = std::move(moved);
        CHECK(holds(words, kept));
    }
}

TEST(what_cannot_grow_stays) {
    // The address sanitizer ends the program where the system would refuse.
    const std::uint64_t refused =
        ZBINS_ADDRESS_SANITIZER ? ~std::uint64_t{0} : std::uint64_t{1} << 58;
    for (const std::uint64_t size : {100u, 100000u}) {
        Growing words;
        words.resize(size);
        fill(words, 0);
        CHECK(refuses(words, refused));
        CHECK(refuses(words, ~std::uint64_t{0}));
        CHECK_EQ(words.size(), size);
        CHECK(holds(words, size));
    }
}
