# Sets CMAKE_CUDA_ARCHITECTURES where neither it nor CUDAARCHS does: to the devices of this machine if
# it has any. Else to those in wide use: code for 8.0 runs on 8.6 and 8.9 too, and newer ones compile
# the last at their first start.
function(zbins_choose_architectures nvcc)
  if(CMAKE_CUDA_ARCHITECTURES OR DEFINED ENV{CUDAARCHS})
    return()
  endif()
  set(chosen "")
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
                  OUTPUT_VARIABLE here RESULT_VARIABLE failed ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed AND here MATCHES "^[0-9.\n]+$")
    string(REPLACE "." "" here "${here}")
    string(REPLACE "\n" ";" here "${here}")
    list(REMOVE_DUPLICATES here)
    execute_process(COMMAND ${nvcc} --list-gpu-code OUTPUT_VARIABLE known ERROR_QUIET)
    foreach(architecture IN LISTS here)
      if(known MATCHES "sm_${architecture}")
        list(APPEND chosen ${architecture})
      endif()
    endforeach()
  endif()
  if(NOT chosen)
    set(chosen 75-real 80-real 90)
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${chosen} PARENT_SCOPE)
endfunction()
