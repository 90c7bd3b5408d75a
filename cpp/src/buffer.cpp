#include "zbins/buffer.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "sanitized.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace zbins::inline v1 {

namespace memory {

namespace {

constexpr std::size_t huge_page = 1 << 21;
constexpr std::size_t line = 64;  // keys of 8, 16, 32 bytes then never lie across two cache lines
// Blocks between these sizes are kept for the next call: smaller ones malloc keeps by itself, and
// of larger ones huge pages make the first touch cheap. A fit of ten thousand rows spends a third
// of its time in page faults otherwise.
constexpr std::size_t smallest_kept = 32 << 10;
constexpr std::size_t largest_kept = 8 << 20;
constexpr std::size_t most_kept = 16 << 20;  // bytes a thread keeps
constexpr int most_blocks = 16;

void* allocate(std::size_t bytes) {
    const bool huge = bytes >= 2 * huge_page;
    const std::size_t step = huge ? huge_page : line;
    void* block = std::aligned_alloc(step, (bytes + step - 1) / step * step);
    if (block == nullptr) throw std::bad_alloc();
#if defined(__linux__)
    if (huge) madvise(block, bytes, MADV_HUGEPAGE);
#endif
    return block;
}

// Rounded up to one of four sizes between powers of two, so that blocks fit again.
std::size_t rounded(std::size_t bytes) {
    if (bytes >= 2 * huge_page) return (bytes + huge_page - 1) / huge_page * huge_page;
    if (bytes < smallest_kept) return bytes;
    const std::size_t step = std::bit_floor(bytes) / 4;
    return (bytes + step - 1) / step * step;
}

// The blocks that one thread keeps; no other thread sees them, so no lock is needed and none can be
// held across a fork.
struct Kept {
    struct Block {
        void* data;
        std::size_t bytes;
    };
    Block blocks[most_blocks];
    int count = 0;
    std::size_t bytes = 0;
    ~Kept();

    void release() {
        for (int i = 0; i < count; ++i) std::free(blocks[i].data);
        count = 0;
        bytes = 0;
    }

    void* find(std::size_t wanted) {
        for (int i = count - 1; i >= 0; --i) {
            if (blocks[i].bytes != wanted) continue;
            void* data = blocks[i].data;
            blocks[i] = blocks[--count];
            bytes -= wanted;
            return data;
        }
        return nullptr;
    }
    bool keep(void* data, std::size_t size) {
        if (size < smallest_kept || size > largest_kept) return false;
        while (count == most_blocks || bytes + size > most_kept) {  // one of the older goes
            std::free(blocks[0].data);
            bytes -= blocks[0].bytes;
            std::copy(blocks + 1, blocks + count, blocks);
            --count;
        }
        blocks[count++] = {data, size};
        bytes += size;
        return true;
    }
};

thread_local bool ended = false;  // outlives `kept`: buffers may be freed after it
thread_local Kept kept;

Kept::~Kept() {
    ended = true;
    release();
}

}  // namespace

void* take(std::size_t& bytes) {
    bytes = rounded(bytes);
#if !ZBINS_ADDRESS_SANITIZER
    if (!ended && bytes >= smallest_kept && bytes <= largest_kept) {
        if (void* block = kept.find(bytes)) return block;
    }
#endif
    return allocate(bytes);
}

void give_back(void* block, [[maybe_unused]] std::size_t bytes) noexcept {
#if !ZBINS_ADDRESS_SANITIZER
    if (!ended && kept.keep(block, bytes)) return;
#endif
    std::free(block);
}

}  // namespace memory

void release_memory() noexcept {
    if (!memory::ended) memory::kept.release();
}

}  // namespace zbins::inline v1
