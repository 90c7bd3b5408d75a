// Why: memory given back is handed out again without the system in between, so a mistake here would
// let two arrays share a block, in any stage.
#include "zbins/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"

using zbins::Buffer;

namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib;

// Around what is kept (32 KiB to 8 MiB) and what gets huge pages (4 MiB).
std::vector<std::uint64_t> sizes() {
    std::vector<std::uint64_t> all{1,         7,           100,     40 * kib + 3, 100 * kib,
                                   700 * kib, 3 * mib - 1, 5 * mib, 7 * mib + 1};
    for (const std::uint64_t edge : {32 * kib, 64 * kib, 2 * mib, 4 * mib, 8 * mib}) {
        for (const std::uint64_t size : {edge - 1, edge, edge + 1}) all.push_back(size);
    }
    return all;
}

// A block with a pattern of its own, whose every page is looked at again.
class Marked {
public:
    Marked(std::uint64_t size, std::uint64_t mark) : bytes_(size), mark_(mark) {
        for (std::uint64_t i = 0; i < size; i += step) bytes_[i] = at(i);
        bytes_[size - 1] = at(size - 1);
    }
    bool whole() const {
        bool same = bytes_[bytes_.size() - 1] == at(bytes_.size() - 1);
        for (std::uint64_t i = 0; i < bytes_.size(); i += step) same &= bytes_[i] == at(i);
        return same;
    }

private:
    static constexpr std::uint64_t step = 509;
    std::uint8_t at(std::uint64_t i) const {
        return static_cast<std::uint8_t>((mark_ * 0x9e3779b97f4a7c15ULL + i) >> 24);
    }
    Buffer<std::uint8_t> bytes_;
    std::uint64_t mark_;
};

// Takes and gives back at random; `pool` may be shared with other threads.
void take_and_give_back(std::vector<Marked>& pool, std::mutex& mutex, std::uint64_t seed,
                        int rounds) {
    inputs::Random random(seed);
    const std::vector<std::uint64_t> all = sizes();
    for (int round = 0; round < rounds; ++round) {
        const std::uint64_t size = all[random.below(all.size())];
        Marked fresh(size, random.word());
        std::vector<Marked> old;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            pool.push_back(std::move(fresh));
            for (std::uint64_t n = random.below(3); n > 0 && pool.size() > 4; --n) {
                std::swap(pool.back(), pool[random.below(pool.size())]);
                old.push_back(std::move(pool.back()));
                pool.pop_back();
            }
            if (pool.size() > 12) old.push_back(std::move(pool.front())), pool.erase(pool.begin());
        }
        for (const Marked& each : old) CHECK(each.whole());
    }
}

}  // namespace

TEST(blocks_are_as_large_as_asked_and_hardly_larger) {
    for (const std::uint64_t size : sizes()) {
        const check::Note note(size, " bytes");
        std::size_t bytes = size;
        void* block = zbins::memory::take(bytes);
        CHECK(block != nullptr);
        CHECK(bytes >= size);
        // A quarter more at most, or up to the next huge page.
        CHECK(bytes - size <= std::max<std::size_t>(size / 4, 2 << 20));
        CHECK_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0);
        // All of it is there: the sanitizers watch.
        static_cast<char*>(block)[0] = 1;
        static_cast<char*>(block)[bytes - 1] = 1;
        // A second request of what was given is served as it stands.
        std::size_t again = bytes;
        zbins::memory::give_back(block, bytes);
        block = zbins::memory::take(again);
        CHECK_EQ(again, bytes);
        zbins::memory::give_back(block, again);
    }
}

TEST(blocks_in_use_are_apart) {
    std::vector<Marked> pool;
    std::mutex mutex;
    take_and_give_back(pool, mutex, 1, 1500);
    for (const Marked& each : pool) CHECK(each.whole());
}

// More blocks, and more bytes, than a thread keeps.
TEST(many_blocks_come_and_go) {
    for (const std::uint64_t size : {40 * kib, mib, 8 * mib}) {
        for (int round = 0; round < 2; ++round) {
            std::vector<Marked> all;
            for (std::uint64_t i = 0; i < 20; ++i) all.emplace_back(size, i);
            for (std::size_t i = 0; i < all.size(); i += 2) all[i] = Marked(size + kib, 1000 + i);
            for (const Marked& each : all) CHECK(each.whole());
        }
    }
}

// Taken in one thread, given back in another.
TEST(blocks_cross_threads) {
    std::vector<Marked> pool;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] { take_and_give_back(pool, mutex, 10 + t, 400); });
    for (std::thread& thread : threads) thread.join();
    for (const Marked& each : pool) CHECK(each.whole());
}

// What a thread owns may outlive the list of blocks that it keeps.
TEST(blocks_of_a_thread_that_ends) {
    for (int round = 0; round < 20; ++round) {
        std::thread([] {
            thread_local std::vector<Marked> last;  // built first, so destroyed last
            for (std::uint64_t i = 0; i < 5; ++i) last.emplace_back(100 * kib, i);
            last.erase(last.begin());
            for (const Marked& each : last) CHECK(each.whole());
        }).join();
    }
}

TEST(buffers_move) {
    Buffer<std::uint64_t> a(10000);
    for (std::uint64_t i = 0; i < a.size(); ++i) a[i] = i;
    const std::uint64_t* data = a.data();
    Buffer<std::uint64_t> b(std::move(a));
    CHECK(b.data() == data);
    CHECK_EQ(b.size(), 10000);
    CHECK_EQ(a.size(), 0);
    CHECK(a.data() == nullptr);
    Buffer<std::uint64_t> c(7);
    c = std::move(b);
    CHECK(c.data() == data);
    CHECK_EQ(c[9999], 9999);
    CHECK_EQ(b.size(), 0);
    c = Buffer<std::uint64_t>();
    CHECK_EQ(c.size(), 0);
    CHECK(c.begin() == c.end());
    CHECK(Buffer<char>(0).data() == nullptr);
}

TEST(buffers_are_truncated_in_place) {
    Buffer<std::uint64_t> buffer(100000);
    for (std::uint64_t i = 0; i < buffer.size(); ++i) buffer[i] = i;
    const std::uint64_t* data = buffer.data();
    for (const std::uint64_t size : {100000u, 99999u, 5u, 0u}) {
        buffer.truncate(size);
        CHECK_EQ(buffer.size(), size);
        CHECK(buffer.data() == data);
        CHECK_EQ(buffer.end() - buffer.begin(), size);
        if (size > 0) CHECK_EQ(buffer[size - 1], size - 1);
    }
    // Given back whole, and good for the same size again.
    buffer = Buffer<std::uint64_t>();
    Buffer<std::uint64_t> again(100000);
    again[99999] = 1;
}

TEST(absurd_sizes_are_refused) {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    for (const std::uint64_t size : {all, all / 2, all / 8, all / 8 + 2, all / 16 + 1})
        CHECK_THROWS(Buffer<std::uint64_t>(size).size(), std::bad_alloc, "");
    CHECK_THROWS(Buffer<char>(all).size(), std::bad_alloc, "");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // These reach the system; the sanitizers end the program there.
    for (const std::uint64_t size : {all / 16, all / 64, all / 128})
        CHECK_THROWS(Buffer<std::uint64_t>(size).size(), std::bad_alloc, "");
    CHECK_THROWS(Buffer<char>(all / 2).size(), std::bad_alloc, "");
#endif
    Buffer<char> small(10);  // and life goes on
    CHECK_EQ(small.size(), 10);
}
