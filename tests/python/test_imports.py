"""One direction of imports: a module uses only what stands above it, and reading is data flow.

The order is that of CONTRIBUTING's tree. Imports are read from the sources, also those inside
functions and under TYPE_CHECKING, so that no late import hides an upward one.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import zbins

PACKAGE = Path(zbins.__file__).parent

# From top to bottom. A room with an order of its own lists its modules.
ROOMS = [
    "_errors",
    "_types",
    "_core",
    "_cuda",
    "_common",
    "_io",
    "_device",
    "_config",
    "pmf",
    "_model",
    "protocol",
    "metrics",
    "distributed",
    "dask",
    "data",
    "plot",
    "torch",
    "autoencoders",
    "cli",
    "__main__",
]
WITHIN = {
    "_common": [
        "extras",
        "exclusive",
        "progress",
        "images",
        "checks",
        "threads",
        "seeds",
        "arrays",
        "nearest",
        "labels",
        "group",
    ],
    "_io": ["atomic", "tensor_file", "arrays", "parquet", "latents", "writers"],
    "_device": [
        "module",
        "framework",
        "torch",
        "cupy",
        "frameworks",
        "backend",
        "host",
        "cuda_rows",
        "staging",
        "cuda",
        "border",
    ],
    "pmf": [
        "grid",
        "model",
        "count",
        "stream",
        "merge",
        "reduce",
        "draw",
        "file",
        "summary",
        "sampler",
    ],
    "metrics": ["fidelity", "novelty"],
    "distributed": ["partial", "dask", "ranks"],
    "data": [
        "_paths",
        "_split",
        "_idx",
        "_arrays",
        "_mnist",
        "_pixels",
        "_cache",
        "_folder",
        "_celeba",
        "_mobius",
    ],
    "plot": ["axes", "images", "grid", "scatter"],
    "torch": [
        "networks",
        "outputs",
        "data",
        "encode",
        "decode",
        "state",
        "generator",
        "tables",
        "prior",
        "lightning",
        "_fitted",
        "_generator",
        "_prior",
    ],
    "torch.lightning": ["loaders", "picture", "refit", "callback"],
    "autoencoders": [
        "_architectures",
        "_images",
        "_losses",
        "_files",
        "_checkpoints",
        "_training",
        "_ae",
        "_regularized",
        "_models",
    ],
    "cli": [
        "_exits",
        "_output",
        "_options",
        "_fit",
        "_sample",
        "_info",
        "_merge",
        "_convert",
        "_bench",
        "_app",
    ],
}
# Each is the last of its room, and takes from it what is public. The package's own is the door to
# everything: it imports by name when a name is asked for.
DOORS = "__init__"


def modules(package):
    """Every module of a package as its parts, with its source: ("pmf", "grid")."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        yield parts, path.read_text()


def imported(parts, source):
    """The modules of the package that a module imports, as parts, and the lines where."""
    inside = parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name.split(".")
                if name[0] == "zbins":
                    yield tuple(name[1:]), node.lineno
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = inside[: len(inside) - (node.level - 1)]
                base = (*base, *(node.module.split(".") if node.module else ()))
            elif node.module.split(".")[0] == "zbins":
                base = tuple(node.module.split(".")[1:])
            else:
                continue
            for alias in node.names:  # each may be a module
                yield (*base, alias.name), node.lineno


def place(parts):
    """Where a module stands: its place in each room that it is in. None for the package's door."""
    if not parts or parts[0] not in ROOMS:
        return None
    found = [ROOMS.index(parts[0])]
    for depth in range(1, len(parts) + 1):
        order = WITHIN.get(".".join(parts[:depth]))
        if order is None:
            break
        inner = parts[depth] if depth < len(parts) else DOORS
        # A name that is no module is one of the room's door, which stands below its modules.
        found.append(order.index(inner) if inner in order else len(order))
    return found


def upward(package):
    """What breaks the direction, in words."""
    sources = dict(modules(package))
    found = []
    for parts, source in sources.items():
        if parts == (DOORS,):
            continue
        here = place(parts)
        if here is None:
            found.append(f"{'/'.join(parts)} stands in no room")
            continue
        for target, line in imported(parts, source):
            there = place(target)
            if there is None:  # a name of the door, as zbins.__version__
                continue
            if there > here:
                found.append(f"{'/'.join(parts)}.py:{line} imports {'.'.join(target)}")
    return found


def test_a_module_uses_only_what_stands_above_it():
    assert upward(PACKAGE) == []


def test_every_module_has_its_place():
    for room, order in WITHIN.items():
        folder = PACKAGE.joinpath(*room.split("."))
        found = {path.stem for path in folder.glob("*.py")} - {DOORS}
        folders = {path.parent.name for path in folder.glob("*/__init__.py")}
        assert sorted(found | folders) == sorted(order), f"the order of {room} is another"


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("_common/seeds.py", "from ..pmf.model import Model"),
        ("_device/host.py", "def late():\n    from .cuda import Cuda"),
        ("pmf/grid.py", "from . import sampler"),
        ("pmf/count.py", "import zbins.cli"),
        (
            "protocol.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .torch import x",
        ),
        ("_io/atomic.py", "from .. import pmf"),
        ("torch/lightning/loaders.py", "from .callback import SamplerCallback"),
        ("torch/data.py", "from . import LatentGenerator"),
        ("stray.py", ""),
    ],
)
def test_what_points_upward_is_found(tmp_path, module, planted):
    for parts, source in modules(PACKAGE):
        path = tmp_path.joinpath(*parts).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    path = tmp_path / module
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}\n{planted}\n")
    assert len(upward(tmp_path)) == 1
