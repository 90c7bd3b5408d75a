// A device as Python code hands it over: where memory comes from, and which stream is current.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>

#include "../../bindings/bind.hpp"
#include "../../bindings/gil.hpp"
#include "../count.hpp"
#include "../device.hpp"
#include "../rows.hpp"

namespace zbins::cuda::python {

namespace py = pybind11;

struct Device {
    int ordinal;
    py::function allocate;  // (bytes) -> (address, object that owns the memory)
    py::function stream;    // () -> address of the current stream
    py::function use;       // (owners): the current stream, not their own, uses their memory
};

// Memory of the caller's framework.
class FrameworkAllocator : public Allocator {
public:
    explicit FrameworkAllocator(const Device& device) : device_(device) {}
    Block allocate(std::size_t bytes) override;

private:
    const Device& device_;
};

// One call: constructed with the GIL held, which it releases until it ends.
class Call {
public:
    explicit Call(const Device& device)
        : stream_(device.stream().cast<std::uintptr_t>()),
          allocator_(device),
          released_(),
          guard_(device.ordinal),
          queue_{device.ordinal, reinterpret_cast<cudaStream_t>(stream_), &allocator_} {}
    const Queue& queue() const { return queue_; }

private:
    std::uintptr_t stream_;
    FrameworkAllocator allocator_;
    zbins::python::WithoutGil released_;  // before the guard, which may make a context
    DeviceGuard guard_;
    Queue queue_;
};

// A model and the device it lives on.
struct Model {
    std::shared_ptr<Pmf> pmf;
    std::shared_ptr<Device> device;

    // After a call that queued what reads the model and did not wait for it: tells the framework of
    // memory that belongs to another stream. With the GIL.
    void used() const;
};

// (address, type, rows, columns, row stride, column stride): types as in rows.hpp, strides in
// elements. The Python layer has made it so.
Rows rows_of(const py::tuple& described);

template <class T>
T* pointer(std::uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& v) {
    return py::array_t<T>(static_cast<py::ssize_t>(v.size()), v.data());
}

void register_device(py::module_& m);
void register_rows(py::module_& m);
void register_pmf(py::module_& m);

}  // namespace zbins::cuda::python
