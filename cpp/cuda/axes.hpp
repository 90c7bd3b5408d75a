// The grid in device memory, as kernels read it.
#pragma once

#include "device.hpp"
#include "zbins/grid.hpp"

namespace zbins::cuda {

template <class T>
class DeviceAxes {
public:
    DeviceAxes(const Queue& queue, const Grid<T>& grid);

    const Axes<T>& view() const { return view_; }
    T margin() const { return margin_; }  // of margin.hpp
    const Block& block() const { return memory_.block(); }
    // Whether bins were added to those the bounds were cut into.
    bool grown() const { return grown_; }

private:
    Array<std::byte> memory_;
    Axes<T> view_;
    T margin_;
    bool grown_;
};

extern template class DeviceAxes<float>;
extern template class DeviceAxes<double>;

}  // namespace zbins::cuda
