// A copy whose target is not read into the cache first: for output larger than the cache, where
// that read would be half of the traffic.
#pragma once

#include "loops.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace zbins::inline v1::kernels {
namespace {

void copy_past_cache(void* target, const void* source, std::int64_t bytes) {
    auto* to = static_cast<unsigned char*>(target);
    const auto* from = static_cast<const unsigned char*>(source);
#if defined(__SSE2__)
    constexpr std::int64_t line = 64;
    const auto ahead = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(to) % line);
    const std::int64_t head = minimum(bytes, ahead == 0 ? 0 : line - ahead);
    __builtin_memcpy(to, from, static_cast<std::size_t>(head));
    to += head, from += head, bytes -= head;
    for (; bytes >= line; to += line, from += line, bytes -= line) {
#if defined(__AVX512F__)
        _mm512_stream_si512(reinterpret_cast<__m512i*>(to), _mm512_loadu_si512(from));
#elif defined(__AVX2__)
        for (int part = 0; part < 2; ++part)
            _mm256_stream_si256(reinterpret_cast<__m256i*>(to) + part,
                                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from) + part));
#else
        for (int part = 0; part < 4; ++part)
            _mm_stream_si128(reinterpret_cast<__m128i*>(to) + part,
                             _mm_loadu_si128(reinterpret_cast<const __m128i*>(from) + part));
#endif
    }
    _mm_sfence();
#endif
    __builtin_memcpy(to, from, static_cast<std::size_t>(bytes));
}

}  // namespace
}  // namespace zbins::inline v1::kernels
