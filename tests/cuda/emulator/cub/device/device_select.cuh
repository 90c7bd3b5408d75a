#pragma once

#include "cub/emulated.hpp"

namespace cub {

struct DeviceSelect {
    template <class In, class Out, class Number, class Op>
    static cudaError_t If(void* temp, std::size_t& bytes, In in, Out out, Number selected,
                          std::int64_t n, Op op, cudaStream_t stream = nullptr) {
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            select(in, out, selected, count,
                   [&](std::size_t, const auto& value) { return static_cast<bool>(op(value)); });
        });
    }
    template <class Data, class Number, class Op>
    static cudaError_t If(void* temp, std::size_t& bytes, Data data, Number selected,
                          std::int64_t n, Op op, cudaStream_t stream = nullptr) {
        return If(temp, bytes, data, data, selected, n, op, stream);
    }

    template <class In, class Flags, class Out, class Number>
    static cudaError_t Flagged(void* temp, std::size_t& bytes, In in, Flags flags, Out out,
                               Number selected, std::int64_t n, cudaStream_t stream = nullptr) {
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            const auto kept = emulated::read(flags, count);
            select(in, out, selected, count,
                   [&](std::size_t i, const auto&) { return static_cast<bool>(kept[i]); });
        });
    }
    template <class Data, class Flags, class Number>
    static cudaError_t Flagged(void* temp, std::size_t& bytes, Data data, Flags flags,
                               Number selected, std::int64_t n, cudaStream_t stream = nullptr) {
        return Flagged(temp, bytes, data, flags, data, selected, n, stream);
    }

    template <class In, class Out, class Number>
    static cudaError_t Unique(void* temp, std::size_t& bytes, In in, Out out, Number selected,
                              std::int64_t n, cudaStream_t stream = nullptr) {
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            const auto values = emulated::read(in, count);
            select(in, out, selected, count, [&](std::size_t i, const auto& value) {
                return i == 0 || !(values[i - 1] == value);
            });
        });
    }

private:
    template <class In, class Out, class Number, class Keep>
    static void select(In in, Out out, Number selected, std::size_t count, Keep keep) {
        const auto values = emulated::read(in, count);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (keep(i, values[i])) emulated::write(out, kept++, values[i]);
        }
        emulated::write(selected, 0, kept);
    }
};

}  // namespace cub
