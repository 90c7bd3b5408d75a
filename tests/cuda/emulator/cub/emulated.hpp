// What the emulated device functions of CUB share.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <iterator>
#include <limits>
#include <type_traits>
#include <vector>

namespace cub::emulated {

template <class Iterator>
using Value = std::remove_cv_t<typename std::iterator_traits<Iterator>::value_type>;

// An output iterator may have no value type of its own.
template <class Iterator, class Otherwise>
struct ValueOr {
    using type = Otherwise;
};
template <class Iterator, class Otherwise>
    requires(!std::is_void_v<typename std::iterator_traits<Iterator>::value_type>)
struct ValueOr<Iterator, Otherwise> {
    using type = Value<Iterator>;
};

// As in CCCL 3: sums are made in what `op` returns for the inputs, not in the type of the output.
// (32-bit counts scanned into 64-bit offsets overflow on the device, and so they do here.)
template <class Op, class Input, class Init = Input>
using Accumulator = std::decay_t<std::invoke_result_t<Op&, Init, Input>>;

struct Min {
    template <class T>
    T operator()(const T& a, const T& b) const {
        return b < a ? b : a;
    }
};
struct Max {
    template <class T>
    T operator()(const T& a, const T& b) const {
        return a < b ? b : a;
    }
};

inline constexpr int garbage = 0xb7;

// The two-phase protocol. `bytes_per_item`: what the real one would need, roughly. The temporary
// storage is overwritten, so that a call whose storage is shared with its data shows. `work` runs
// outside of any kernel, on the calling thread.
template <class N, class F>
cudaError_t two_phase(void* temporary, std::size_t& bytes, N items, std::size_t bytes_per_item,
                      cudaStream_t stream, F work) {
    const auto count = static_cast<std::size_t>(items);
    const std::size_t needed = 256 + (count * bytes_per_item + count / 8 + 255) / 256 * 256;
    if (const cudaError_t error = emulator::driver_state(); error != cudaSuccess) {
        return emulator::report(error);
    }
    if (temporary == nullptr) {
        bytes = needed;
        return cudaSuccess;
    }
    if (bytes < needed) return emulator::report(cudaErrorInvalidValue);
    if (!emulator::on_device(temporary, needed)) {
        emulator::die("CUB: %zu bytes of temporary storage are not within a device allocation",
                      needed);
    }
    if (const cudaError_t error = emulator::launch_state(stream); error != cudaSuccess) {
        return emulator::report(error);
    }
    std::memset(temporary, garbage, needed);
    work(count);
    return cudaSuccess;
}

template <class Iterator>
std::vector<Value<Iterator>> read(Iterator in, std::size_t count) {
    std::vector<Value<Iterator>> out;
    out.reserve(count);
    using Difference = typename std::iterator_traits<Iterator>::difference_type;
    for (std::size_t i = 0; i < count; ++i) out.push_back(in[static_cast<Difference>(i)]);
    return out;
}
template <class Iterator, class T>
void write(Iterator out, std::size_t index, T&& value) {
    using Out = typename ValueOr<Iterator, std::decay_t<T>>::type;
    out[static_cast<std::ptrdiff_t>(index)] = static_cast<Out>(std::forward<T>(value));
}

}  // namespace cub::emulated
