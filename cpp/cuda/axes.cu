#include "axes.hpp"

#include <cstring>
#include <vector>

#include "margin.hpp"

namespace zbins::cuda {

template <class T>
DeviceAxes<T>::DeviceAxes(const Queue& queue, const Grid<T>& grid) : view_(grid.axes()) {
    margin_ = safe_margin(view_);
    grown_ = false;
    const auto d = static_cast<std::size_t>(view_.d);
    for (std::size_t j = 0; j < d; ++j) {
        const bool is_constant = view_.origin[j] == view_.top[j];
        grown_ = grown_ || view_.first[j] != 0 || (!is_constant && view_.bins[j] != view_.k[j]);
    }
    // All arrays in one block, in one copy; each on 16 bytes, so that kernels may load several.
    const auto padded = [d](std::size_t size) { return (d * size + 15) / 16 * 16; };
    std::vector<std::byte> here(4 * padded(sizeof(T)) + 4 * padded(sizeof(std::int32_t)));
    std::vector<std::size_t> starts;
    std::size_t end = 0;
    const auto add = [&](const auto* values) {
        starts.push_back(end);
        std::memcpy(here.data() + end, values, d * sizeof(*values));
        end += padded(sizeof(*values));
    };
    add(view_.origin), add(view_.top), add(view_.scale), add(view_.width);
    add(view_.k), add(view_.last), add(view_.first), add(view_.bins);
    memory_ = uploaded(queue, here.data(), here.size());
    wait(queue);  // `here` ends with this call
    const auto values = [&](std::size_t i) {
        return reinterpret_cast<const T*>(memory_.data() + starts[i]);
    };
    const auto numbers = [&](std::size_t i) {
        return reinterpret_cast<const std::int32_t*>(memory_.data() + starts[i]);
    };
    view_ = {view_.d,    values(0),  values(1),  values(2), values(3),
             numbers(4), numbers(5), numbers(6), numbers(7)};
}

template class DeviceAxes<float>;
template class DeviceAxes<double>;

}  // namespace zbins::cuda
