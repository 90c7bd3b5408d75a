// A copy whose target is not read into the cache first: for output larger than the cache, where
// that read would be half of the traffic.
#pragma once

#include "loops.hpp"
#include "vector.hpp"

namespace zbins::inline v1::kernels {
namespace {

void copy_past_cache(void* target, const void* source, std::int64_t bytes) {
    constexpr std::int64_t line = maximum(64, vector_bytes);
    auto* to = static_cast<unsigned char*>(target);
    const auto* from = static_cast<const unsigned char*>(source);
    const auto ahead = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(to) % line);
    const std::int64_t head = minimum(bytes, ahead == 0 ? 0 : line - ahead);
    __builtin_memcpy(to, from, static_cast<std::size_t>(head));
    to += head, from += head, bytes -= head;
    for (; bytes >= line; to += line, from += line, bytes -= line) {
        for (std::int64_t at = 0; at < line; at += vector_bytes)
            store_past_cache(to + at, load(from + at));
    }
    finish_stores();
    __builtin_memcpy(to, from, static_cast<std::size_t>(bytes));
}

}  // namespace
}  // namespace zbins::inline v1::kernels
