// Stands in for the header of CUDA's driver. Its functions are declared and nowhere defined: what
// calls one by name needs a driver to be linked and loaded, and must not be in the module.
#pragma once

#include "emulator/driver.hpp"

CUresult cuCtxGetCurrent(CUcontext* context);
CUresult cuCtxSetCurrent(CUcontext context);
