# What the CUDA module is made of; the tests build the same for the host.
set(zbins_cuda_sources
  axes.cu bounds.cu count.cu device.cu draw.cu find.cu labels.cu merge.cu order.cu pmf.cu
  quantize.cu table.cu)
set(zbins_cuda_bindings
  bindings/bind_device.cpp bindings/bind_pmf.cpp bindings/bind_rows.cpp bindings/module.cpp)
list(TRANSFORM zbins_cuda_sources PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
list(TRANSFORM zbins_cuda_bindings PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
