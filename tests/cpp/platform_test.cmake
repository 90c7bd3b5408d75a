# What cpp/cmake/platform.cmake says of systems and compilers that are not here.
# cmake -P platform_test.cmake
cmake_minimum_required(VERSION 3.24)
include(${CMAKE_CURRENT_LIST_DIR}/../../cpp/cmake/platform.cmake)

# check(SENTENCE VARIABLE VALUE ...): a 64-bit Linux with GCC 12 but for the variables.
function(check wanted)
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(CMAKE_OSX_ARCHITECTURES "")
  set(CMAKE_OSX_DEPLOYMENT_TARGET "")
  set(CMAKE_SIZEOF_VOID_P 8)
  set(CMAKE_CXX_BYTE_ORDER LITTLE_ENDIAN)
  set(CMAKE_CXX_COMPILER_ID GNU)
  set(CMAKE_CXX_COMPILER_VERSION 12.2.0)
  set(CMAKE_CXX_COMPILER c++)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "" "")
  list(LENGTH given_UNPARSED_ARGUMENTS rest)
  while(rest GREATER 0)
    list(POP_FRONT given_UNPARSED_ARGUMENTS variable value)
    string(REPLACE "+" ";" ${variable} "${value}")
    list(LENGTH given_UNPARSED_ARGUMENTS rest)
  endwhile()
  zbins_platform_trouble(said)
  if(NOT said STREQUAL wanted)
    message(SEND_ERROR "with ${ARGN} it says\n${said}\ninstead of\n${wanted}")
  endif()
endfunction()

set(compilers "GCC 11, Clang 14 or Apple Clang 15, or a later one,")
check("")
check("" CMAKE_CXX_COMPILER_VERSION 11.1.0)
check("" CMAKE_CXX_COMPILER_ID Clang CMAKE_CXX_COMPILER_VERSION 14.0.0)
check("" CMAKE_SYSTEM_NAME Darwin CMAKE_SYSTEM_PROCESSOR arm64 CMAKE_OSX_ARCHITECTURES x86_64
      CMAKE_CXX_COMPILER_ID AppleClang CMAKE_CXX_COMPILER_VERSION 15.0.0.15000040)
check("the compiler is GNU 10.2.1 (c++), which is too old: ${compilers} is needed"
      CMAKE_CXX_COMPILER_VERSION 10.2.1)
check("the compiler is Clang 13.0.1 (c++), which is too old: ${compilers} is needed"
      CMAKE_CXX_COMPILER_ID Clang CMAKE_CXX_COMPILER_VERSION 13.0.1)
check("the compiler is AppleClang 14.0.3 (c++), which is too old: ${compilers} is needed"
      CMAKE_SYSTEM_NAME Darwin CMAKE_CXX_COMPILER_ID AppleClang CMAKE_CXX_COMPILER_VERSION 14.0.3)
check("the compiler is IntelLLVM (icpx), which is not supported: ${compilers} is needed"
      CMAKE_CXX_COMPILER_ID IntelLLVM CMAKE_CXX_COMPILER icpx)
set(wsl "build in WSL, the Windows Subsystem for Linux, where ${compilers} will do")
foreach(compiler MSVC Clang GNU)  # clang-cl is Clang, mingw is GNU
  check("Windows is not supported (Windows, ${compiler}): ${wsl}"
        CMAKE_SYSTEM_NAME Windows CMAKE_CXX_COMPILER_ID ${compiler})
endforeach()
check("Windows is not supported (CYGWIN, GNU): ${wsl}" CMAKE_SYSTEM_NAME CYGWIN)
check("CMAKE_OSX_DEPLOYMENT_TARGET is 12.0: 13.3 or later is needed"
      CMAKE_SYSTEM_NAME Darwin CMAKE_OSX_DEPLOYMENT_TARGET 12.0 CMAKE_CXX_COMPILER_ID AppleClang
      CMAKE_CXX_COMPILER_VERSION 16.0)
check("" CMAKE_SYSTEM_NAME Darwin CMAKE_OSX_DEPLOYMENT_TARGET 14.0 CMAKE_CXX_COMPILER_ID AppleClang
      CMAKE_CXX_COMPILER_VERSION 16.0)
check("CMAKE_OSX_ARCHITECTURES asks for x86_64 and arm64 at once: build for one architecture at a \
time, and join the two by lipo (wheels by delocate-merge)"
      CMAKE_SYSTEM_NAME Darwin CMAKE_OSX_ARCHITECTURES x86_64+arm64 CMAKE_CXX_COMPILER_ID AppleClang)
check("i686 with pointers of 32 bits is not supported: 64 are needed"
      CMAKE_SYSTEM_PROCESSOR i686 CMAKE_SIZEOF_VOID_P 4)
check("s390x is big-endian, which is not supported: a little-endian machine is needed"
      CMAKE_SYSTEM_PROCESSOR s390x CMAKE_CXX_BYTE_ORDER BIG_ENDIAN)
