"""Whether the stub of an extension module says what the module has."""

from __future__ import annotations

import ast
import pathlib

import zbins

SPECIAL = {"__init__", "__len__"}


def check(module):
    """Names, members of classes and arguments of functions are those of the stub."""
    path = pathlib.Path(zbins.__file__).with_name(module.__name__.rpartition(".")[2] + ".pyi")
    tree = ast.parse(path.read_text())
    _check_names(tree, module)
    _check_members(tree, module)
    _check_arguments(tree, module)


def _check_names(tree, module):
    listed = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    listed |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    public = {name for name in listed if not name.startswith("_")}
    assert public == {name for name in vars(module) if not name.startswith("_")}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign):
            assert type(getattr(module, node.target.id)).__name__ == node.annotation.id
        elif isinstance(node, ast.FunctionDef):
            assert callable(getattr(module, node.name))


def _members(cls, classes):
    """Methods, static methods and properties of a class of the stub, those of its bases too."""
    found = {}
    for base in cls.bases:
        found |= _members(classes[base.id], classes) if base.id in classes else {}
    for node in cls.body:
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(d) for d in node.decorator_list]
            found[node.name] = decorators[0] if decorators else "method"
    return found


def _kind_of(value):
    if isinstance(value, property):
        return "property"
    return "staticmethod" if isinstance(value, staticmethod) else "method"


def _is_listed(name):
    return not name.startswith("_") or name in SPECIAL


def _check_members(tree, module):
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for name, node in classes.items():
        if name.startswith("_"):
            continue
        listed = {k: v for k, v in _members(node, classes).items() if _is_listed(k)}
        real = {k: _kind_of(v) for k, v in vars(getattr(module, name)).items() if _is_listed(k)}
        if "__init__" not in listed:  # pybind11 gives one to every class, if only to refuse
            real.pop("__init__", None)
        assert listed == real, name


def _check_arguments(tree, module):
    """pybind11 writes the names of the arguments into the first lines of a docstring."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.args.args:
            doc = getattr(module, node.name).__doc__
            for argument in node.args.args:
                assert f"{argument.arg}:" in doc or "arg0:" in doc, (node.name, argument.arg)
