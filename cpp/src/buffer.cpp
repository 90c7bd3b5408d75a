#include "zbins/buffer.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <new>

#include <pthread.h>

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
    ~Kept() {
        for (int i = 0; i < count; ++i) std::free(blocks[i].data);
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
    void keep(void* data, std::size_t size) {
        while (count == most_blocks || bytes + size > most_kept) {  // one of the older goes
            std::free(blocks[0].data);
            bytes -= blocks[0].bytes;
            std::copy(blocks + 1, blocks + count, blocks);
            --count;
        }
        blocks[count++] = {data, size};
        bytes += size;
    }
};

// Where a thread's own is found. Not a thread_local: in a library that is loaded late the first
// touch of one allocates, and the C library ends the process where there is no memory for it.
class KeptByThread {
public:
    KeptByThread() : good_(pthread_key_create(&key_, destroy) == 0) {}
    ~KeptByThread() {
        // Other threads may go on after it: what they still keep is lost, and they keep no more.
        if (good_.exchange(false)) pthread_key_delete(key_);
    }
    KeptByThread(const KeptByThread&) = delete;
    KeptByThread& operator=(const KeptByThread&) = delete;

    // nullptr where the thread keeps nothing.
    Kept* find() const { return good_ ? static_cast<Kept*>(pthread_getspecific(key_)) : nullptr; }
    // nullptr where nothing can be kept.
    Kept* make() const {
        if (Kept* mine = find()) return mine;
        auto* mine = good_ ? new (std::nothrow) Kept : nullptr;
        if (mine == nullptr || pthread_setspecific(key_, mine) == 0) return mine;
        delete mine;
        return nullptr;
    }
    void release() const {
        Kept* mine = find();
        if (mine == nullptr) return;
        pthread_setspecific(key_, nullptr);
        delete mine;
    }

private:
    static void destroy(void* kept) { delete static_cast<Kept*>(kept); }

    pthread_key_t key_{};
    std::atomic<bool> good_;
};

KeptByThread kept_by_thread;

bool is_kept(std::size_t bytes) {
    return !ZBINS_ADDRESS_SANITIZER && bytes >= smallest_kept && bytes <= largest_kept;
}

}  // namespace

void* take(std::size_t& bytes) {
    bytes = rounded(bytes);
    if (is_kept(bytes)) {
        Kept* mine = kept_by_thread.find();
        if (void* block = mine == nullptr ? nullptr : mine->find(bytes)) return block;
    }
    return allocate(bytes);
}

void give_back(void* block, std::size_t bytes) noexcept {
    Kept* mine = is_kept(bytes) ? kept_by_thread.make() : nullptr;
    if (mine == nullptr) return std::free(block);
    mine->keep(block, bytes);
}

}  // namespace memory

void release_memory() noexcept {
    memory::kept_by_thread.release();
}

}  // namespace zbins::inline v1
