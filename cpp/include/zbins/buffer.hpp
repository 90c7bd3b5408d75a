// Memory for large arrays: uninitialized, and backed by huge pages where the system offers them,
// since the first touch of every small page costs a fault.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace zbins {

template <class T>
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::uint64_t size) : size_(size) {
        if (size == 0) return;
        constexpr std::uint64_t page = 1 << 21;
        if (size > (std::numeric_limits<std::size_t>::max() - page) / sizeof(T))
            throw std::bad_alloc();
        std::size_t bytes = size * sizeof(T);
        const bool huge = bytes >= 2 * page;
        if (huge) bytes = (bytes + page - 1) / page * page;
        data_.reset(static_cast<T*>(huge ? std::aligned_alloc(page, bytes) : std::malloc(bytes)));
        if (!data_) throw std::bad_alloc();
#if defined(__linux__)
        if (huge) madvise(data_.get(), bytes, MADV_HUGEPAGE);
#endif
    }

    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::uint64_t size() const { return size_; }
    T& operator[](std::uint64_t i) { return data_.get()[i]; }
    const T& operator[](std::uint64_t i) const { return data_.get()[i]; }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }

private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    std::unique_ptr<T[], Free> data_;
    std::uint64_t size_ = 0;
};

}  // namespace zbins
