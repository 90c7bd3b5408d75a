# What the core is built and tested with; all else is refused here, before a compiler says it in a
# hundred lines. tests/cpp/platform_test.cmake has the sentences.
set(zbins_oldest_GNU 11)
set(zbins_oldest_Clang 14)
set(zbins_oldest_AppleClang 15)  # the libc++ of Clang 16

# Sets `trouble` to a sentence on what is not supported of this system and compiler, or to nothing.
function(zbins_platform_trouble trouble)
  set(compilers "GCC ${zbins_oldest_GNU}, Clang ${zbins_oldest_Clang} or Apple Clang \
${zbins_oldest_AppleClang}, or a later one,")
  list(LENGTH CMAKE_OSX_ARCHITECTURES architectures)
  set(oldest ${zbins_oldest_${CMAKE_CXX_COMPILER_ID}})
  set(${trouble} "" PARENT_SCOPE)
  if(CMAKE_SYSTEM_NAME MATCHES "^(Windows|WindowsStore|MSYS|CYGWIN)$")
    # MSVC has no vector extension and no __int128, and its runtime no aligned_alloc for any of them.
    set(${trouble} "Windows is not supported (${CMAKE_SYSTEM_NAME}, ${CMAKE_CXX_COMPILER_ID}): build \
in WSL, the Windows Subsystem for Linux, where ${compilers} will do" PARENT_SCOPE)
  elseif(architectures GREATER 1)
    # The flags of x86's levels would go to arm64 too.
    list(JOIN CMAKE_OSX_ARCHITECTURES " and " named)
    set(${trouble} "CMAKE_OSX_ARCHITECTURES asks for ${named} at once: build for one architecture at \
a time, and join the two by lipo (wheels by delocate-merge)" PARENT_SCOPE)
  elseif(CMAKE_SYSTEM_NAME STREQUAL "Darwin" AND CMAKE_OSX_DEPLOYMENT_TARGET AND
         CMAKE_OSX_DEPLOYMENT_TARGET VERSION_LESS 13.3)
    # Numbers are written by std::to_chars, which Apple's library has from there on.
    set(${trouble} "CMAKE_OSX_DEPLOYMENT_TARGET is ${CMAKE_OSX_DEPLOYMENT_TARGET}: 13.3 or later is \
needed" PARENT_SCOPE)
  elseif(CMAKE_SIZEOF_VOID_P AND NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    math(EXPR bits "8 * ${CMAKE_SIZEOF_VOID_P}")
    set(${trouble} "${CMAKE_SYSTEM_PROCESSOR} with pointers of ${bits} bits is not supported: 64 are \
needed" PARENT_SCOPE)
  elseif(CMAKE_CXX_BYTE_ORDER STREQUAL "BIG_ENDIAN")
    set(${trouble} "${CMAKE_SYSTEM_PROCESSOR} is big-endian, which is not supported: a little-endian \
machine is needed" PARENT_SCOPE)
  elseif(NOT oldest)
    set(${trouble} "the compiler is ${CMAKE_CXX_COMPILER_ID} (${CMAKE_CXX_COMPILER}), which is not \
supported: ${compilers} is needed" PARENT_SCOPE)
  elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS oldest)
    set(${trouble} "the compiler is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} \
(${CMAKE_CXX_COMPILER}), which is too old: ${compilers} is needed" PARENT_SCOPE)
  endif()
endfunction()
