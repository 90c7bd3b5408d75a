// Memory for large arrays: uninitialized, and backed by huge pages where the system offers them,
// since the first touch of every small page costs a fault. What one call gives back, the next one
// on the same thread takes again.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "zbins/types.hpp"

namespace zbins::inline v1 {

namespace memory {
// At least `bytes` bytes: at most a quarter more, or up to the next huge page. `bytes` becomes what
// it is. Throws std::bad_alloc.
ZBINS_API void* take(std::size_t& bytes);
// What `take` returned, and the size it named.
ZBINS_API void give_back(void* block, std::size_t bytes) noexcept;
}  // namespace memory

// Frees what the calling thread keeps for its next call (16 MiB at most); a thread that ends does
// so by itself.
ZBINS_API void release_memory() noexcept;

template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::uint64_t size) : size_(size) {
        if (size == 0) return;
        if (size > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) throw std::bad_alloc();
        std::size_t bytes = size * sizeof(T);
        T* data = static_cast<T*>(memory::take(bytes));
        data_ = std::unique_ptr<T[], GiveBack>(data, GiveBack{bytes});
    }
    Buffer(Buffer&& other) noexcept
        : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        data_ = std::move(other.data_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }

    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::uint64_t size() const { return size_; }
    T& operator[](std::uint64_t i) { return data_.get()[i]; }
    const T& operator[](std::uint64_t i) const { return data_.get()[i]; }
    // Forgets what lies behind the first `size` elements; the memory stays.
    void truncate(std::uint64_t size) { size_ = size < size_ ? size : size_; }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }

private:
    struct GiveBack {
        std::size_t bytes = 0;
        void operator()(T* block) const { memory::give_back(block, bytes); }
    };
    std::unique_ptr<T[], GiveBack> data_;
    std::uint64_t size_ = 0;
};

}  // namespace zbins::inline v1
