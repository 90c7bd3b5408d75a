// Atomics with CUDA's signatures and no others: `unsigned long long`, never `unsigned long`.
// Blocks run on several host threads, so these are true atomics; and each yields now and then, so
// that the fibers of a block interleave too.
#pragma once

#include "emulator/grid.hpp"
#include "emulator/warp.hpp"

namespace emulator {

template <class F>
auto interleaved(F operation) {
    const Toss toss = toss_yield();
    if (toss == Toss::before) yield();  // between a plain load and the CAS that relies on it
    const auto result = operation();
    if (toss == Toss::after) yield();  // between the CAS and the plain stores that it guards
    return result;
}

template <class T, class F>
T fetch_apply(T* address, F f) {
    return interleaved([=] {
        T old = __atomic_load_n(address, __ATOMIC_SEQ_CST);
        while (!__atomic_compare_exchange_n(address, &old, f(old), false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST)) {
        }
        return old;
    });
}

}  // namespace emulator

#define EMULATOR_ATOMICS(T)                                                            \
    inline T atomicCAS(T* address, T compare, T value) {                               \
        return emulator::interleaved([=] {                                             \
            T old = compare;                                                           \
            __atomic_compare_exchange_n(address, &old, value, false, __ATOMIC_SEQ_CST, \
                                        __ATOMIC_SEQ_CST);                             \
            return old;                                                                \
        });                                                                            \
    }                                                                                  \
    inline T atomicExch(T* address, T value) {                                         \
        return emulator::interleaved(                                                  \
            [=] { return __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST); });    \
    }                                                                                  \
    inline T atomicAdd(T* address, T value) {                                          \
        return emulator::interleaved(                                                  \
            [=] { return __atomic_fetch_add(address, value, __ATOMIC_SEQ_CST); });     \
    }
EMULATOR_ATOMICS(int)
EMULATOR_ATOMICS(unsigned)
EMULATOR_ATOMICS(unsigned long long)
#undef EMULATOR_ATOMICS

#define EMULATOR_ATOMICS(T)                                                                      \
    inline T atomicMin(T* address, T value) {                                                    \
        return emulator::fetch_apply(address, [=](T old) { return value < old ? value : old; }); \
    }                                                                                            \
    inline T atomicMax(T* address, T value) {                                                    \
        return emulator::fetch_apply(address, [=](T old) { return old < value ? value : old; }); \
    }                                                                                            \
    inline T atomicOr(T* address, T value) {                                                     \
        return emulator::interleaved(                                                            \
            [=] { return __atomic_fetch_or(address, value, __ATOMIC_SEQ_CST); });                \
    }                                                                                            \
    inline T atomicAnd(T* address, T value) {                                                    \
        return emulator::interleaved(                                                            \
            [=] { return __atomic_fetch_and(address, value, __ATOMIC_SEQ_CST); });               \
    }
EMULATOR_ATOMICS(int)
EMULATOR_ATOMICS(unsigned)
EMULATOR_ATOMICS(long long)
EMULATOR_ATOMICS(unsigned long long)
#undef EMULATOR_ATOMICS

inline int atomicSub(int* address, int value) {
    return emulator::interleaved(
        [=] { return __atomic_fetch_sub(address, value, __ATOMIC_SEQ_CST); });
}
inline unsigned atomicSub(unsigned* address, unsigned value) {
    return emulator::interleaved(
        [=] { return __atomic_fetch_sub(address, value, __ATOMIC_SEQ_CST); });
}
