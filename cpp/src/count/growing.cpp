#include "count/growing.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "sanitized.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace zbins::inline v1 {

namespace {

#if defined(__linux__) && !ZBINS_ADDRESS_SANITIZER
constexpr std::size_t page = 4096;
constexpr std::size_t smallest_mapped = 128 << 10;

bool is_mapped(std::size_t bytes) {
    return bytes >= smallest_mapped;
}

std::size_t rounded(std::size_t bytes) {
    return is_mapped(bytes) ? (bytes + page - 1) / page * page : bytes;
}

// nullptr where there is no memory; the old block is then as it was.
void* change(void* block, std::size_t from, std::size_t to) {
    if (is_mapped(from) && is_mapped(to)) {
        void* moved = mremap(block, from, to, MREMAP_MAYMOVE);
        return moved == MAP_FAILED ? nullptr : moved;
    }
    if (!is_mapped(from) && !is_mapped(to)) return std::realloc(block, to);
    void* target = nullptr;
    if (is_mapped(to)) {
        target = mmap(nullptr, to, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (target == MAP_FAILED) return nullptr;
    } else {
        target = std::malloc(to);
        if (target == nullptr) return nullptr;
    }
    if (block != nullptr) std::memcpy(target, block, std::min(from, to));
    if (is_mapped(from)) {
        munmap(block, from);
    } else {
        std::free(block);
    }
    return target;
}

void release(void* block, std::size_t bytes) {
    if (is_mapped(bytes)) {
        munmap(block, bytes);
    } else {
        std::free(block);
    }
}
#else
std::size_t rounded(std::size_t bytes) {
    return bytes;
}
void* change(void* block, std::size_t, std::size_t to) {
    return std::realloc(block, to);
}
void release(void* block, std::size_t) {
    std::free(block);
}
#endif

}  // namespace

Growing::Growing(Growing&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      bytes_(std::exchange(other.bytes_, 0)) {}

Growing& Growing::operator=(Growing&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

Growing::~Growing() {
    release(data_, bytes_);
}

void Growing::resize(std::uint64_t words) {
    if (words > std::numeric_limits<std::size_t>::max() / 2 / sizeof(Word)) throw std::bad_alloc();
    const std::size_t bytes = rounded(std::max<std::uint64_t>(words, 1) * sizeof(Word));
    if (bytes != bytes_) {
        void* block = change(data_, bytes_, bytes);
        if (block != nullptr) {
            data_ = static_cast<Word*>(block);
            bytes_ = bytes;
        } else if (bytes > bytes_) {
            throw std::bad_alloc();
        }  // else the old block is large enough
    }
    size_ = words;
}

}  // namespace zbins::inline v1
