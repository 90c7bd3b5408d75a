# Whether the CUDA module can be built here, found out without an error: in AUTO whatever is amiss
# with CUDA must end in a build for the CPU. Each function sets `trouble` to one sentence that names
# the cause, or to nothing.

# CUB counts with 64 bits from 12.8 on.
set(zbins_oldest_nvcc 12.8)
# The first that knows nvcc's flag for C++20.
set(zbins_oldest_cmake_for_cuda 3.25.2)

# The nvcc that CMake would take, and its release. One found here becomes CMAKE_CUDA_COMPILER; one
# from CUDACXX CMake reads there, flags and all.
function(zbins_find_nvcc nvcc release trouble)
  set(${nvcc} "" PARENT_SCOPE)
  set(${release} "" PARENT_SCOPE)
  if(CMAKE_CUDA_COMPILER)
    list(GET CMAKE_CUDA_COMPILER 0 path)
  elseif(NOT "$ENV{CUDACXX}" STREQUAL "")
    separate_arguments(path UNIX_COMMAND "$ENV{CUDACXX}")
    list(GET path 0 path)
  else()
    find_program(path nvcc NO_CACHE)
    if(NOT path)
      set(${trouble} "there is no nvcc on PATH, and CUDACXX names none" PARENT_SCOPE)
      return()
    endif()
  endif()
  execute_process(COMMAND ${path} --version OUTPUT_VARIABLE said ERROR_VARIABLE said
                  RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    zbins_first_line(line "${said}${result}")
    if(said STREQUAL "" AND result MATCHES "^[0-9]+$")
      set(line "it ends with ${result}")
    endif()
    set(${trouble} "'${path} --version' failed: ${line}" PARENT_SCOPE)
  elseif(NOT said MATCHES "release ([0-9]+\\.[0-9]+)")
    zbins_first_line(line "${said}")
    set(${trouble} "${path} is no nvcc: '--version' says '${line}'" PARENT_SCOPE)
  elseif(CMAKE_MATCH_1 VERSION_LESS zbins_oldest_nvcc)
    set(${trouble} "${path} is nvcc ${CMAKE_MATCH_1}, and ${zbins_oldest_nvcc} or later is needed"
        PARENT_SCOPE)
  elseif(CMAKE_VERSION VERSION_LESS zbins_oldest_cmake_for_cuda)
    set(${trouble} "nvcc ${CMAKE_MATCH_1} needs CMake ${zbins_oldest_cmake_for_cuda} or later and \
this is ${CMAKE_VERSION} (pip install cmake gives a newer one)" PARENT_SCOPE)
  else()
    set(${trouble} "" PARENT_SCOPE)
    if(NOT CMAKE_CUDA_COMPILER AND "$ENV{CUDACXX}" STREQUAL "")
      set(CMAKE_CUDA_COMPILER ${path} PARENT_SCOPE)
    endif()
    set(${nvcc} ${path} PARENT_SCOPE)
    set(${release} ${CMAKE_MATCH_1} PARENT_SCOPE)
  endif()
endfunction()

# Builds the project in probe/ as the real one will be built. Only success is remembered: what was
# amiss may be mended by the next time.
function(zbins_probe_cuda nvcc release trouble)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/probe)
  set(sources ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/probe)
  set(settings "")
  foreach(name CMAKE_BUILD_TYPE CMAKE_CUDA_ARCHITECTURES CMAKE_CUDA_COMPILER CMAKE_CUDA_FLAGS
               CMAKE_CUDA_HOST_COMPILER CMAKE_CXX_COMPILER CMAKE_CXX_FLAGS CMAKE_MAKE_PROGRAM
               CMAKE_PREFIX_PATH CMAKE_SYSROOT CMAKE_TOOLCHAIN_FILE CUDAToolkit_ROOT)
    if(DEFINED ${name})
      string(APPEND settings "set(${name} [==[${${name}}]==] CACHE STRING \"\")\n")
    endif()
  endforeach()
  string(SHA256 key "${nvcc} ${release} ${settings} ${CMAKE_VERSION} ${CMAKE_GENERATOR} \
$ENV{CUDACXX} $ENV{CUDAHOSTCXX} $ENV{CUDAARCHS} $ENV{CUDAFLAGS} $ENV{NVCC_PREPEND_FLAGS} \
$ENV{NVCC_APPEND_FLAGS}")
  set(${trouble} "" PARENT_SCOPE)
  if(ZBINS_CUDA_WORKS STREQUAL key)
    return()
  endif()

  file(REMOVE_RECURSE ${folder})
  file(WRITE ${folder}/settings.cmake "${settings}")
  set(options -G "${CMAKE_GENERATOR}")
  if(CMAKE_GENERATOR_PLATFORM)
    list(APPEND options -A "${CMAKE_GENERATOR_PLATFORM}")
  endif()
  if(CMAKE_GENERATOR_TOOLSET)
    list(APPEND options -T "${CMAKE_GENERATOR_TOOLSET}")
  endif()
  execute_process(
    COMMAND ${CMAKE_COMMAND} -C ${folder}/settings.cmake ${options}
            -S ${sources} -B ${folder}
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE result)
  if(result EQUAL 0)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${folder} --config Release
                    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE result)
  endif()
  if(result EQUAL 0)
    set(ZBINS_CUDA_WORKS ${key} CACHE INTERNAL "What the CUDA probe was last built with")
    return()
  endif()
  file(WRITE ${folder}/output.txt "${said}")
  set(architectures ${CMAKE_CUDA_ARCHITECTURES})
  if(NOT architectures)  # CMake reads them there
    set(architectures $ENV{CUDAARCHS})
  endif()
  list(JOIN architectures "," architectures)
  zbins_first_error(line "${said}")
  if(NOT line)  # CMake may leave out what nvcc said: ask nvcc itself
    execute_process(COMMAND ${nvcc} -std=c++20 --expt-relaxed-constexpr -c
                            ${sources}/probe.cu -o ${folder}/alone.o
                    OUTPUT_VARIABLE alone ERROR_VARIABLE alone)
    zbins_first_error(line "${alone}")
  endif()
  if(NOT line)
    zbins_first_cmake_error(line "${said}")
  endif()
  set(${trouble} "nvcc ${release} cannot build for ${architectures}: ${line} (more in \
${folder}/output.txt)" PARENT_SCOPE)
endfunction()

# The first line that is not empty.
function(zbins_first_line line text)
  string(REGEX MATCH "[^ \n][^\n]*" found "${text}")
  set(${line} "${found}" PARENT_SCOPE)
endfunction()

# The first line in which a compiler or linker complains, or nothing.
function(zbins_first_error line text)
  set(${line} "" PARENT_SCOPE)
  if(text MATCHES "(^|\n)([^\n]*(error:|nvcc fatal|nvcc error|cannot find)[^\n]*)")
    string(STRIP "${CMAKE_MATCH_2}" found)
    set(${line} "${found}" PARENT_SCOPE)
  endif()
endfunction()

# The first sentences in which CMake does, as one line.
function(zbins_first_cmake_error line text)
  zbins_first_line(found "${text}")
  if(text MATCHES "CMake Error[^\n]*\n+(  [^\n]+(\n+  [^\n]+)*)")
    string(REGEX REPLACE "[ \n]+" " " found "${CMAKE_MATCH_1}")
  endif()
  string(STRIP "${found}" found)
  set(${line} "${found}" PARENT_SCOPE)
endfunction()
