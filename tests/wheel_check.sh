#!/usr/bin/env bash
# `pip install .` into empty environments: without CUDA, then as it comes. Nothing of .venv is on
# PATH, so CMake is the system's or the one that pip fetches: wheel_check.sh PYTHON
# (pip knows --config-settings by its short name -C from 23.1 on only; Debian 12 has 23.0.)
set -euo pipefail
python=$(command -v "$1")
cd "$(dirname "$0")/.."
folder=build/wheel-check
path=/usr/local/bin:/usr/bin:/bin
for tool in nvcc "${CXX:-c++}"; do
  if where=$(command -v "$tool"); then path=$path:$(dirname "$where"); fi
done
rm -rf $folder

# Both are built in one folder: the second has only the CUDA module to add.
check() {  # check NAME OPTION...
  "$python" -m venv $folder/"$1"
  PATH=$path CUDAARCHS=${CUDAARCHS-90} $folder/"$1"/bin/python -m pip install --quiet \
    --disable-pip-version-check --config-settings=build-dir=$folder/build \
    --config-settings=cmake.define.ZBINS_WERROR=ON "${@:2}" .
  PATH=$path $folder/"$1"/bin/python tests/cuda/check_module.py "$1"
  (cd $folder && "$1"/bin/python -c "import numpy as np, zbins
s = zbins.PMFSampler(random_state=0).fit(np.eye(4)); assert s.sample(3).shape == (3, 4)
zbins.show_config()")
}
check OFF --config-settings=cmake.define.ZBINS_CUDA=OFF
check AUTO
