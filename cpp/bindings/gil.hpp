// The core's work without the GIL, in a way that a thread survives which is still at it when the
// interpreter ends; and Ctrl-C while it works.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdlib>

#include <unistd.h>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "zbins/parallel.hpp"

namespace zbins::python {

// Asks for the GIL by `ask`. Before Python 3.14 a thread that does so while the interpreter ends is
// ended there and then by pthread_exit, which unwinds its stack: C++ calls std::terminate where a
// frame must not be left so (a destructor, for example), and destructors touch Python objects
// without the GIL. From 3.14 on such a thread waits for ever, until the process is gone; here it
// does so under every version.
template <class Ask>
void take_gil(Ask&& ask) {
#if PY_VERSION_HEX < 0x030e0000 && defined(__GLIBCXX__)
    try {
        ask();
    } catch (const abi::__forced_unwind&) {
        while (true) pause();
    }
#else
    ask();
#endif
}

// While one of these lives, its thread works without the GIL.
class WithoutGil {
public:
    WithoutGil() : state_(PyEval_SaveThread()) {}
    ~WithoutGil() {
        take_gil([this] { PyEval_RestoreThread(state_); });
    }
    WithoutGil(const WithoutGil&) = delete;
    WithoutGil& operator=(const WithoutGil&) = delete;

private:
    PyThreadState* state_;
};

// While one of these lives, its thread has the GIL, which it may have had before.
class WithGil {
public:
    WithGil() {
        take_gil([this] { state_ = PyGILState_Ensure(); });
    }
    ~WithGil() { PyGILState_Release(state_); }
    WithGil(const WithGil&) = delete;
    WithGil& operator=(const WithGil&) = delete;

private:
    PyGILState_STATE state_{};
};

// Signal handlers run on the main thread only: no other has to ask. Which one that is changes in a
// child of a fork, and nowhere else; to ask Python each time would take as long as a small call.
inline bool on_main_thread() {
    static pid_t process = 0;
    static unsigned long main_thread = 0;
    if (const pid_t now = getpid(); now != process) {
        const auto threading = pybind11::module_::import("threading");
        main_thread = threading.attr("main_thread")().attr("ident").cast<unsigned long>();
        process = now;
    }
    return PyThread_get_thread_ident() == main_thread;
}

inline Context context(int threads) {
    const char* forced = std::getenv("ZBINS_NUM_THREADS");
    Context how{threads, forced != nullptr && *forced != '\0', {}};
    if (on_main_thread()) {
        how.interrupted = [] {
            const WithGil held;
            return PyErr_CheckSignals() != 0;
        };
    }
    return how;
}

}  // namespace zbins::python
