// Stands in for CUDA's header of this name where kernels are to run on the host, in tests.
// Compile with -I<this folder> -std=c++20 -ffp-contract=off and link emulator.cpp and pthreads.
#pragma once

#if defined(__CUDACC__)
#error "the emulator's cuda_runtime.h is not for nvcc"
#endif

#include "emulator/atomics.hpp"
#include "emulator/driver.hpp"
#include "emulator/launch.hpp"
#include "emulator/math.hpp"
#include "emulator/warp.hpp"
