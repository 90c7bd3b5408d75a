// The device functions of CUB that the project uses, with CCCL 3.0's signatures, on the host.
#pragma once

#include "cub/device/device_merge_sort.cuh"
#include "cub/device/device_radix_sort.cuh"
#include "cub/device/device_reduce.cuh"
#include "cub/device/device_run_length_encode.cuh"
#include "cub/device/device_scan.cuh"
#include "cub/device/device_select.cuh"
