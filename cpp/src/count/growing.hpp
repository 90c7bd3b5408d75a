// Words whose number grows again and again, in place where the system can do that: a copy in a new
// block would hold them twice, and leave a hole that the next, larger one does not fit into.
#pragma once

#include <cstddef>

#include "zbins/types.hpp"

namespace zbins::inline v1 {

class Growing {
public:
    Growing() = default;
    Growing(Growing&& other) noexcept;
    Growing& operator=(Growing&& other) noexcept;
    ~Growing();

    // Room for so many words; what is there stays, as far as it fits. Throws std::bad_alloc
    // where there are more than before, and then nothing has changed.
    void resize(std::uint64_t words);

    Word* data() { return data_; }
    const Word* data() const { return data_; }
    std::uint64_t size() const { return size_; }

private:
    Word* data_ = nullptr;
    std::uint64_t size_ = 0;
    std::size_t bytes_ = 0;  // of the block
};

}  // namespace zbins::inline v1
