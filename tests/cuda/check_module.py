"""The module as it is installed: it imports without a driver, and says clearly what is missing.

Run by `make wheel-check` in an environment that has the package and what it needs, nothing else.
"""

import shutil

import numpy as np

import zbins

words = zbins.show_config(as_dict=True)["cuda"]
print("cuda:", words)
try:
    from zbins import _cuda
except ImportError:
    assert shutil.which("nvcc") is None, "there is an nvcc, but the module was not built"
    assert "not built" in words
else:
    assert "built for CUDA" in words
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

try:
    zbins.PMFSampler(4).fit(np.eye(3)).to("cuda")
except ValueError as error:
    assert str(error).startswith("device is 'cuda'"), error
    print("refused:", error)
