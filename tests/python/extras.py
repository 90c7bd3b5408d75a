"""What a message tells to install, and what pyproject.toml declares for that extra."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from helpers import run_python

ROOT = Path(__file__).resolve().parents[2]

# As if packages were not installed: nobody finds them, and what is there already stays unknown.
_WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            return None
        return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


def without(packages, code, *arguments):
    """What code prints in a fresh interpreter in which packages are not installed."""
    return run_python(_WITHOUT.format(missing=tuple(packages)) + code, *arguments)


def declared(extra):
    """The requirements of an extra, from the one place where they stand."""
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project["optional-dependencies"][extra]


def told_to_install(message):
    """The requirements that a message tells to install; a shell would hand pip the same words."""
    command = re.search(r"pip install ((?:'[^']+'|[\w.-]+)(?: (?:'[^']+'|[\w.-]+))*)", message)
    assert command, message
    words = shlex.split(command.group(1))
    assert not any(Requirement(word).name == "zbins" for word in words), message
    return words
