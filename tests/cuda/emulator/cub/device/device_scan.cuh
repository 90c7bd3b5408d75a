#pragma once

#include "cub/emulated.hpp"

namespace cub {

struct DeviceScan {
    template <class In, class Out, class Op, class Init, class N>
    static cudaError_t ExclusiveScan(void* temp, std::size_t& bytes, In in, Out out, Op op,
                                     Init init, N n, cudaStream_t stream = nullptr) {
        using T = emulated::Accumulator<Op, emulated::Value<In>, Init>;
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            const auto values = emulated::read(in, count);
            auto sum = static_cast<T>(init);
            for (std::size_t i = 0; i < count; ++i) {
                emulated::write(out, i, sum);
                sum = static_cast<T>(op(sum, values[i]));
            }
        });
    }
    template <class Data, class Op, class Init, class N>
    static cudaError_t ExclusiveScan(void* temp, std::size_t& bytes, Data data, Op op, Init init,
                                     N n, cudaStream_t stream = nullptr) {
        return ExclusiveScan(temp, bytes, data, data, op, init, n, stream);
    }
    template <class In, class Out, class N>
    static cudaError_t ExclusiveSum(void* temp, std::size_t& bytes, In in, Out out, N n,
                                    cudaStream_t stream = nullptr) {
        return ExclusiveScan(temp, bytes, in, out, std::plus<>{}, emulated::Value<In>{}, n, stream);
    }
    template <class Data, class N>
    static cudaError_t ExclusiveSum(void* temp, std::size_t& bytes, Data data, N n,
                                    cudaStream_t stream = nullptr) {
        return ExclusiveSum(temp, bytes, data, data, n, stream);
    }

    template <class In, class Out, class Op, class N>
    static cudaError_t InclusiveScan(void* temp, std::size_t& bytes, In in, Out out, Op op, N n,
                                     cudaStream_t stream = nullptr) {
        using T = emulated::Accumulator<Op, emulated::Value<In>>;
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            const auto values = emulated::read(in, count);
            if (count == 0) return;
            auto sum = static_cast<T>(values[0]);
            emulated::write(out, 0, sum);
            for (std::size_t i = 1; i < count; ++i) {
                sum = static_cast<T>(op(sum, values[i]));
                emulated::write(out, i, sum);
            }
        });
    }
    template <class Data, class Op, class N>
    static cudaError_t InclusiveScan(void* temp, std::size_t& bytes, Data data, Op op, N n,
                                     cudaStream_t stream = nullptr) {
        return InclusiveScan(temp, bytes, data, data, op, n, stream);
    }
    template <class In, class Out, class N>
    static cudaError_t InclusiveSum(void* temp, std::size_t& bytes, In in, Out out, N n,
                                    cudaStream_t stream = nullptr) {
        return InclusiveScan(temp, bytes, in, out, std::plus<>{}, n, stream);
    }
    template <class Data, class N>
    static cudaError_t InclusiveSum(void* temp, std::size_t& bytes, Data data, N n,
                                    cudaStream_t stream = nullptr) {
        return InclusiveSum(temp, bytes, data, data, n, stream);
    }
};

}  // namespace cub
