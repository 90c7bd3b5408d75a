# What a shared library of the core offers to the linker: the public names of zbins::v1, and none of
# its internals. Of other namespaces, only what the compiler makes of templates of the standard library.
execute_process(COMMAND ${NM} --dynamic --defined-only --demangle ${LIBRARY}
                OUTPUT_VARIABLE listing RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${NM} ${LIBRARY} failed")
endif()
string(REGEX MATCHALL "[^\n]+" lines "${listing}")
set(public 0)
foreach(line IN LISTS lines)
  if(line MATCHES "zbins::")
    if(NOT line MATCHES "zbins::v1::")
      message(FATAL_ERROR "outside the versioned namespace: ${line}")
    endif()
    # What Counter keeps inside is as visible as Counter itself.
    if(NOT line MATCHES "Counter<[a-z]+>::(State|Worker)" AND
       line MATCHES "kernels::|Orderer|Absorber|Growing|Pending|Records|Runs?::|RowReader|safe_margin")
      message(FATAL_ERROR "an internal name is exported: ${line}")
    endif()
    math(EXPR public "${public} + 1")
  endif()
endforeach()
foreach(name find_bounds Categorical Counter Grid Pmf::Pmf draw quantize find_bins merge rebase release_memory
             simd_level Interrupted)
  if(NOT listing MATCHES "zbins::v1::${name}")
    message(FATAL_ERROR "zbins::v1::${name} is not exported")
  endif()
endforeach()
message(STATUS "${public} public names")
