#!/usr/bin/env bash
# Builds the package by CMake alone: build.sh PYTHON FOLDER, for a Python whose pip cannot.
set -euo pipefail
python=$1
site=$2
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=build/gpu/cmake
generator=()
if command -v ninja >/dev/null; then generator=(-G Ninja); fi
cmake -S . -B "$build" ${generator[@]+"${generator[@]}"} -DCMAKE_BUILD_TYPE=Release \
  -DZBINS_PYTHON=ON -DZBINS_CUDA=ON -DPython_EXECUTABLE="$(command -v "$python")" \
  -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)"
cmake --build "$build" --parallel
mkdir -p "$site"
cp -r python/zbins "$site/"
cmake --install "$build" --component python --prefix "$site"
