"""The module as it is installed: it imports without a driver, and says clearly what is missing.

Run by `make wheel-check` in an environment that has the package and what it needs, nothing else:
check_module.py AUTO, or OFF where the module was not wanted.
"""

import re
import shutil
import subprocess
import sys

import zbins

words = zbins.show_config(as_dict=True)["cuda"]
print("cuda:", words)

wanted = {"AUTO": True, "OFF": False}[sys.argv[1]]
nvcc = shutil.which("nvcc") if wanted else None
release = (0, 0)
if nvcc is not None:
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    release = tuple(map(int, re.search(r"release (\d+)\.(\d+)", text).groups()))
try:
    from zbins import _cuda
except ImportError:
    assert release < (12, 8), f"nvcc is {release}, but the module was not built"
    assert "no CUDA module" in words
else:
    assert release >= (12, 8), f"nvcc is {release}, but there is a module"
    assert words.startswith("built for CUDA")
    try:
        count = _cuda.device_count()
    except _cuda.CudaError as error:
        assert "driver" in str(error) or "device" in str(error), error
        assert "not usable" in words
        try:
            _cuda.Device(0, lambda n: (0, None), lambda: 0, lambda x: None)
        except _cuda.CudaError as again:
            assert str(again) == str(error)
        else:
            raise AssertionError("a device without a driver")
    else:
        assert count == len(_cuda.device_names())
