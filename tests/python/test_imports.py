"""One direction of imports: a module uses only what stands above it, and reading is data flow.

The order is that of CONTRIBUTING's tree. Imports are read from the sources, also those inside
functions and under TYPE_CHECKING, and by name (`importlib`, `__import__`), so that no late import
hides an upward one. What comes through the package's door counts as where the door takes it from.
"""

from __future__ import annotations

import ast
import functools
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
        "chunks",
        "scales",
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
    "metrics": [
        "measurement",
        "roc",
        "neighbours",
        "features",
        "fidelity",
        "coverage",
        "transport",
        "two_sample",
        "novelty",
        "copying",
        "likelihood",
        "membership",
    ],
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


def behind_the_door():
    """Where the package's door takes its names from, as parts: PMFSampler from pmf.sampler."""
    door = ast.parse((PACKAGE / "__init__.py").read_text())
    return {
        alias.name: (*node.module.split("."), alias.name)
        for node in ast.walk(door)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }


BEHIND = behind_the_door()


def asked_for(tree):
    """What is taken from the package itself: `import zbins`, then `zbins.pmf`."""
    names = {
        alias.asname or "zbins"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "zbins" or (alias.name.startswith("zbins.") and not alias.asname)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in names
        ):
            yield (node.attr,), node.lineno


def by_name(inside, tree):
    """What is imported by `importlib.import_module` or `__import__`, where the name is written."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", None))
        name = getattr(node.args[0], "value", None)
        if called not in ("import_module", "__import__") or not isinstance(name, str):
            continue
        level = len(name) - len(name.lstrip("."))
        parts = tuple(part for part in name.split(".") if part)
        if level:
            yield (*inside[: len(inside) - (level - 1)], *parts), node.lineno
        elif parts[:1] == ("zbins",):
            yield parts[1:], node.lineno


@functools.cache
def imported(parts, source):
    """The modules of the package that a module imports, as parts, and the lines where."""
    inside = parts[:-1]
    tree = ast.parse(source)
    found = (*asked_for(tree), *by_name(inside, tree), *by_statement(inside, tree))
    return [(BEHIND.get(target[0], target) if target else target, line) for target, line in found]


def by_statement(inside, tree):
    """What `import` and `from` name; each name may be a module."""
    for node in ast.walk(tree):
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
            for alias in node.names:
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
            if there is None:  # a name of the door itself, as zbins.__version__; * is all of them
                there = [len(ROOMS)] if "*" in target else here
            if there > here:
                found.append(f"{'/'.join(parts)}.py:{line} imports {'.'.join(target)}")
    return found


def test_a_module_uses_only_what_stands_above_it():
    assert upward(PACKAGE) == []


def test_every_module_has_its_place():
    for room, order in WITHIN.items():
        folder = PACKAGE.joinpath(*room.split("."))
        found = {path.stem for path in folder.glob("*.py")} - {DOORS}
        folders = {path.parent.name for path in folder.glob("*/*.py")}
        assert sorted(found | folders) == sorted(order), f"the order of {room} is another"
    deep = {".".join(parts[:-1]) for parts, _ in modules(PACKAGE)} - {""}
    assert deep == set(WITHIN), "folders without an order"


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
        ("_common/seeds.py", "from .. import PMFSampler"),
        ("_common/seeds.py", "from zbins import load"),
        ("_common/seeds.py", "import zbins\nzbins.pmf"),
        ("_common/seeds.py", "import zbins as z\nz.PMFSampler"),
        ("_common/seeds.py", "from .. import *"),
        ("_common/seeds.py", "import importlib\nimportlib.import_module('zbins.pmf')"),
        ("_common/seeds.py", "import importlib\nimportlib.import_module('..pmf', __package__)"),
        ("_common/seeds.py", "__import__('zbins.pmf')"),
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
