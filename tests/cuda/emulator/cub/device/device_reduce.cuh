#pragma once

#include "cub/emulated.hpp"

namespace cub {

struct DeviceReduce {
    template <class In, class Out, class Op, class Init, class N>
    static cudaError_t Reduce(void* temp, std::size_t& bytes, In in, Out out, N n, Op op, Init init,
                              cudaStream_t stream = nullptr) {
        using T = emulated::Accumulator<Op, emulated::Value<In>, Init>;
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            auto total = static_cast<T>(init);
            for (const auto& value : emulated::read(in, count)) {
                total = static_cast<T>(op(total, value));
            }
            emulated::write(out, 0, total);
        });
    }
    template <class In, class Out, class N>
    static cudaError_t Sum(void* temp, std::size_t& bytes, In in, Out out, N n,
                           cudaStream_t stream = nullptr) {
        using Init = typename emulated::ValueOr<Out, emulated::Value<In>>::type;
        return Reduce(temp, bytes, in, out, n, std::plus<>{}, Init{}, stream);
    }
    // Of nothing: the largest or the lowest value.
    template <class In, class Out, class N>
    static cudaError_t Min(void* temp, std::size_t& bytes, In in, Out out, N n,
                           cudaStream_t stream = nullptr) {
        using T = emulated::Value<In>;
        return Reduce(temp, bytes, in, out, n, emulated::Min{}, std::numeric_limits<T>::max(),
                      stream);
    }
    template <class In, class Out, class N>
    static cudaError_t Max(void* temp, std::size_t& bytes, In in, Out out, N n,
                           cudaStream_t stream = nullptr) {
        using T = emulated::Value<In>;
        return Reduce(temp, bytes, in, out, n, emulated::Max{}, std::numeric_limits<T>::lowest(),
                      stream);
    }

    template <class Keys, class Unique, class Values, class Totals, class Number, class Op, class N>
    static cudaError_t ReduceByKey(void* temp, std::size_t& bytes, Keys keys_in, Unique unique_out,
                                   Values values_in, Totals totals_out, Number runs_out, Op op, N n,
                                   cudaStream_t stream = nullptr) {
        using T = emulated::Accumulator<Op, emulated::Value<Values>>;
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            const auto keys = emulated::read(keys_in, count);
            const auto values = emulated::read(values_in, count);
            std::size_t runs = 0;
            for (std::size_t i = 0; i < count;) {
                const std::size_t first = i;
                auto total = static_cast<T>(values[i]);
                while (++i < count && keys[i] == keys[first]) {
                    total = static_cast<T>(op(total, values[i]));
                }
                emulated::write(unique_out, runs, keys[first]);
                emulated::write(totals_out, runs++, total);
            }
            emulated::write(runs_out, 0, runs);
        });
    }
};

}  // namespace cub
