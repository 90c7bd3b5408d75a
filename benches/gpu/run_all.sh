#!/usr/bin/env bash
# Builds the package with its CUDA module, tests it, runs it under compute-sanitizer, and measures it:
# one JSON, in under 9 minutes on 16 cores. Needs a GPU, nvcc and python3 with what the package is
# built from and PyTorch; no network, and nothing is installed outside build/gpu.
#
#   bash benches/gpu/run_all.sh [--quick] [--only STEP,STEP...] [RESULTS.json]
#
# The default is benches/results/gpu-<card>.json. If OUT names a folder, the JSON is copied there.
# Exit code: 0 all well, 1 something failed (the JSON says what), 2 no GPU, nvcc or python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi --query-gpu=name --format=csv,noheader >/dev/null 2>&1; then
  echo "run_all.sh: no GPU here (nvidia-smi finds none); nothing was measured"
  exit 2
fi
nvcc=""
for candidate in "${CUDACXX:-}" "$(command -v nvcc || true)" "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc"; do
  if [ -n "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then
    nvcc=$candidate
    break
  fi
done
if [ -z "$nvcc" ]; then
  echo "run_all.sh: no nvcc here (not in PATH, CUDACXX or CUDA_HOME); nothing was measured"
  exit 2
fi
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
  echo "run_all.sh: no $python here; nothing was measured"
  exit 2
fi
export CUDACXX=$nvcc
PATH="$PATH:$(dirname "$nvcc")"
export PATH
exec "$python" benches/gpu/run_all.py "$@"
