// Latents in device memory as the caller has them: any of four types, any strides.
#pragma once

#include <cstdint>

namespace zbins::cuda {

// The types that are widened as they are loaded; the first three make float32 models.
enum class Type : int { float16, bfloat16, float32, float64 };

struct Rows {
    const void* data = nullptr;
    Type type = Type::float32;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t row_stride = 0;  // in elements, any sign
    std::int64_t col_stride = 0;
};

constexpr std::uint64_t bytes_of(Type type) {
    return type == Type::float64 ? 8 : (type == Type::float32 ? 4 : 2);
}

struct Half {
    std::uint16_t bits;
};
struct Bfloat16 {
    std::uint16_t bits;
};

}  // namespace zbins::cuda
