#!/usr/bin/env bash
# The C++ tests under each of the compilers named that is on this machine, with warnings as errors;
# says which are not here. The bits of every law are the same under all: compilers.sh COMPILER...
set -uo pipefail
cd "$(dirname "$0")/.."
passed=() failed=() missing=()
for compiler in "$@"; do
  if ! command -v "$compiler" > /dev/null; then
    missing+=("$compiler")
    continue
  fi
  echo "== $compiler"
  folder=build/compilers/$compiler
  if cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
      -DZBINS_TESTS=ON -DZBINS_WERROR=ON > /dev/null &&
    cmake --build "$folder" && ctest --test-dir "$folder" --output-on-failure -j2; then
    passed+=("$compiler")
  else
    failed+=("$compiler")
  fi
done
echo "passed: ${passed[*]:-none}"
echo "failed: ${failed[*]:-none}"
echo "not on this machine: ${missing[*]:-none}"
[[ ${#passed[@]} -gt 0 && ${#failed[@]} -eq 0 ]]
