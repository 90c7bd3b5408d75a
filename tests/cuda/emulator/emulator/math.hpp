// Arithmetic intrinsics. The `_rn` ones must not be contracted: compile with -ffp-contract=off.
#pragma once

#include <bit>
#include <limits>

#include "emulator/types.hpp"

namespace emulator {

// Saturating conversion; `nan` is what the device gives for NaN.
template <class To, class From>
To saturate(From x, To nan) {
    using Limits = std::numeric_limits<To>;
    if (x != x) return nan;
    // 2^digits is exact in any floating type; the largest integer may not be.
    const From end = std::ldexp(From{1}, Limits::digits);
    if (x >= end) return Limits::max();
    if (x < static_cast<From>(Limits::min())) return Limits::min();
    return static_cast<To>(x);
}

}  // namespace emulator

inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fsub_rn(float a, float b) {
    return a - b;
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
inline float __fsqrt_rn(float a) {
    return std::sqrt(a);
}
inline float __fmaf_rn(float a, float b, float c) {
    return std::fma(a, b, c);
}
inline double __dadd_rn(double a, double b) {
    return a + b;
}
inline double __dsub_rn(double a, double b) {
    return a - b;
}
inline double __dmul_rn(double a, double b) {
    return a * b;
}
inline double __ddiv_rn(double a, double b) {
    return a / b;
}
inline double __dsqrt_rn(double a) {
    return std::sqrt(a);
}
inline double __fma_rn(double a, double b, double c) {
    return std::fma(a, b, c);
}

// To 32 bits NaN gives 0 from float and 0x80000000 from double; to 64 bits 2^63 from both.
inline int __float2int_rz(float x) {
    return emulator::saturate<int>(std::trunc(x), 0);
}
inline int __float2int_rd(float x) {
    return emulator::saturate<int>(std::floor(x), 0);
}
inline int __float2int_ru(float x) {
    return emulator::saturate<int>(std::ceil(x), 0);
}
inline int __float2int_rn(float x) {
    return emulator::saturate<int>(std::nearbyint(x), 0);
}
inline unsigned __float2uint_rz(float x) {
    return emulator::saturate<unsigned>(std::trunc(x), 0u);
}
inline int __double2int_rz(double x) {
    return emulator::saturate<int>(std::trunc(x), std::numeric_limits<int>::min());
}
inline int __double2int_rd(double x) {
    return emulator::saturate<int>(std::floor(x), std::numeric_limits<int>::min());
}
inline int __double2int_rn(double x) {
    return emulator::saturate<int>(std::nearbyint(x), std::numeric_limits<int>::min());
}
inline long long __float2ll_rd(float x) {
    return emulator::saturate<long long>(std::floor(x), std::numeric_limits<long long>::min());
}
inline long long __float2ll_rz(float x) {
    return emulator::saturate<long long>(std::trunc(x), std::numeric_limits<long long>::min());
}
inline long long __double2ll_rd(double x) {
    return emulator::saturate<long long>(std::floor(x), std::numeric_limits<long long>::min());
}
inline long long __double2ll_rz(double x) {
    return emulator::saturate<long long>(std::trunc(x), std::numeric_limits<long long>::min());
}
inline float __int2float_rn(int x) {
    return static_cast<float>(x);
}
inline float __uint2float_rn(unsigned x) {
    return static_cast<float>(x);
}
inline float __ll2float_rn(long long x) {
    return static_cast<float>(x);
}
inline float __ull2float_rn(unsigned long long x) {
    return static_cast<float>(x);
}
inline double __int2double_rn(int x) {
    return x;
}
inline double __uint2double_rn(unsigned x) {
    return x;
}
inline double __ll2double_rn(long long x) {
    return static_cast<double>(x);
}
inline double __ull2double_rn(unsigned long long x) {
    return static_cast<double>(x);
}
inline float __double2float_rn(double x) {
    return static_cast<float>(x);
}

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<unsigned long long>(static_cast<Wide>(a) * b >> 64);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32);
}
inline int __mulhi(int a, int b) {
    return static_cast<int>(static_cast<long long>(a) * b >> 32);
}

inline int __float_as_int(float x) {
    return std::bit_cast<int>(x);
}
inline float __int_as_float(int x) {
    return std::bit_cast<float>(x);
}
inline unsigned __float_as_uint(float x) {
    return std::bit_cast<unsigned>(x);
}
inline float __uint_as_float(unsigned x) {
    return std::bit_cast<float>(x);
}
inline long long __double_as_longlong(double x) {
    return std::bit_cast<long long>(x);
}
inline double __longlong_as_double(long long x) {
    return std::bit_cast<double>(x);
}

// Loads and stores with a cache hint. The cached and streaming ones are plain accesses.
template <class T>
T __ldg(const T* address) {
    static_assert(std::is_trivially_copyable_v<T>);
    return *address;
}
template <class T>
T __ldcs(const T* address) {
    return __ldg(address);
}
template <class T>
T __ldcg(const T* address) {
    return __ldg(address);
}
template <class T>
void __stcs(T* address, std::type_identity_t<T> value) {
    static_assert(std::is_trivially_copyable_v<T>);
    *address = value;
}
template <class T>
void __stcg(T* address, std::type_identity_t<T> value) {
    __stcs(address, value);
}
template <class T>
void __stwt(T* address, std::type_identity_t<T> value) {
    __stcs(address, value);
}

// min and max for every pair of integer types that CUDA has (the mixed ones are unsigned).
#define EMULATOR_MIN_MAX(A, B, R)                                                             \
    constexpr R min(A a, B b) {                                                               \
        return static_cast<R>(b) < static_cast<R>(a) ? static_cast<R>(b) : static_cast<R>(a); \
    }                                                                                         \
    constexpr R max(A a, B b) {                                                               \
        return static_cast<R>(a) < static_cast<R>(b) ? static_cast<R>(b) : static_cast<R>(a); \
    }
#define EMULATOR_MIN_MAX_OF(S)                           \
    EMULATOR_MIN_MAX(S, S, S)                            \
    EMULATOR_MIN_MAX(unsigned S, unsigned S, unsigned S) \
    EMULATOR_MIN_MAX(S, unsigned S, unsigned S)          \
    EMULATOR_MIN_MAX(unsigned S, S, unsigned S)
EMULATOR_MIN_MAX_OF(int)
EMULATOR_MIN_MAX_OF(long)
EMULATOR_MIN_MAX_OF(long long)
#undef EMULATOR_MIN_MAX_OF
#undef EMULATOR_MIN_MAX
// Of a number and NaN these give the number.
inline float min(float a, float b) {
    return fminf(a, b);
}
inline float max(float a, float b) {
    return fmaxf(a, b);
}
inline double min(double a, double b) {
    return fmin(a, b);
}
inline double max(double a, double b) {
    return fmax(a, b);
}
