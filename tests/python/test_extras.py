"""Where a package of an extra is missing, the message names what can be typed."""

from __future__ import annotations

import pickle
import re

import pytest
import torch

import zbins
from extras import ROOT, declared, told_to_install, without

SHOWN = """
try:
    {call}
except {error} as error:
    print(error)
"""
# door: extra, what is not installed, what is called, what it raises, what the message says of it
DOORS = {
    "torch": ("torch", ["torch"], "import zbins.torch", "ImportError", "zbins.torch needs PyTorch"),
    "autoencoders": (
        "torch",
        ["torch"],
        "import zbins.autoencoders",
        "ImportError",
        "zbins.autoencoders needs PyTorch",
    ),
    "a device": (
        "torch",
        ["torch"],
        "import zbins; zbins.load('m.zbins', device='cpu')",
        "ValueError",
        "device is 'cpu', which needs PyTorch",
    ),
    "all_reduce": (
        "torch",
        ["torch"],
        "import zbins; zbins.PMFSampler().all_reduce()",
        "ImportError",
        "all_reduce needs PyTorch",
    ),
    "Lightning": (
        "lightning",
        ["lightning", "pytorch_lightning"],
        "import zbins.torch; zbins.torch.SamplerCallback",
        "ImportError",
        "zbins.torch.SamplerCallback needs Lightning",
    ),
    "dask": ("dask", ["dask"], "import zbins.dask", "ImportError", "zbins.dask needs Dask"),
    "plot": ("plot", ["matplotlib"], "import zbins.plot", "ImportError", "needs Matplotlib"),
    "Inception": (
        "metrics",
        ["torch_fidelity"],
        "import zbins.metrics; zbins.metrics.Inception('w.pth')",
        "ImportError",
        "Inception needs torch-fidelity (No module named 'torch_fidelity')",
    ),
    "torch-fidelity's own": (
        "metrics",
        ["torchvision"],
        "import zbins.metrics; zbins.metrics.Inception('w.pth')",
        "ImportError",
        "Inception needs torch-fidelity (No module named 'torchvision')",
    ),
    "DINOv2": (
        "metrics",
        ["transformers"],
        "import zbins.metrics; zbins.metrics.DINOv2('folder')",
        "ImportError",
        "DINOv2 needs transformers (No module named 'transformers')",
    ),
    "images": (
        "data",
        ["PIL"],
        "import zbins; zbins.data.image_folder('.', 64)",
        "ImportError",
        "images are decoded by Pillow",
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_names_its_packages(door):
    extra, missing, call, error, says = DOORS[door]
    message = without(missing, SHOWN.format(call=call, error=error))
    assert says in message
    assert told_to_install(message) == declared(extra)


def test_tensors_without_pytorch():
    """A model comes as a pickle from where PyTorch is."""
    sampler = zbins.PMFSampler(4).fit(torch.randn(50, 3))
    assert type(sampler.sample(2)) is torch.Tensor
    call = "pickle.loads(bytes.fromhex(sys.argv[1])).sample(2)"
    code = "import pickle\n" + SHOWN.format(call=call, error="ImportError")
    message = without(["torch"], code, pickle.dumps(sampler).hex())
    assert "was fitted on tensors" in message
    assert told_to_install(message) == declared("torch")


COMMAND_LINE = """
import contextlib, io
from zbins.cli import main
error = io.StringIO()
with contextlib.redirect_stderr(error):
    try:
        main(sys.argv[1:])
    except SystemExit as exit:
        print(exit.code, error.getvalue())
"""


@pytest.mark.parametrize("missing", [["typer"], ["rich"], ["typer", "rich"]])
def test_the_command_line_names_what_is_missing(missing):
    message = without(missing, COMMAND_LINE, "--version")
    assert message.startswith("2 zbins: the command line needs typer and rich")
    assert f"(no {' and no '.join(missing)} here)" in message
    assert told_to_install(message) == declared("cli")


def test_parquet_files(tmp_path):
    path = tmp_path / "z.parquet"
    path.write_bytes(b"PAR1")
    message = without(["pyarrow"], COMMAND_LINE, "fit", path, "-o", tmp_path / "m.zbins")
    assert message.startswith("1 zbins: error: Parquet files need pyarrow")
    assert told_to_install(message) == declared("parquet")


# What importlib.metadata may say of a package that was not installed, or of an older one.
UNKNOWN = {
    "none": "def requires(name): raise metadata.PackageNotFoundError(name)",
    "nothing": "def requires(name): return None",
    "other extras": "def requires(name): return ['numpy>=1.26', 'torch2>=1; extra == \"torch2\"']",
}


@pytest.mark.parametrize("found", UNKNOWN)
def test_where_the_requirements_are_not_known(found):
    """Sources on the path: what is said holds in any checkout."""
    code = f"from importlib import metadata\n{UNKNOWN[found]}\nmetadata.requires = requires\n"
    call = SHOWN.format(call="import zbins.torch", error="ImportError")
    message = without(["torch"], code + call)
    assert message.strip().endswith(
        "install it with: pip install '.[torch]' in a checkout of zbins"
    )


def test_nothing_tells_to_install_zbins_by_name():
    """It is on no index, so that pip would find nothing, or what another put there."""
    by_name = re.compile(r"zbins\[|pip install (?:-\S+ )*['\"]?zbins\b")
    kinds = {".md", ".py", ".pyi", ".cpp", ".hpp", ".cu", ".sh"}
    files = [*ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    for top in ("python", "docs", "examples", "benches", "cpp"):
        files += [path for path in (ROOT / top).rglob("*") if path.suffix in kinds]
    assert len(files) > 100
    for path in files:
        wrong = by_name.search(path.read_text(encoding="utf-8"))
        assert not wrong, f"{path.relative_to(ROOT)}: {wrong.group()}"
