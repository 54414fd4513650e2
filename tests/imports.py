"""Who imports whom, read off the sources: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("ml", "recognition", "facesite")
HALLS = ("ml", "recognition", "recognition.services", "facesite")
"""Packages whose own files are rooms as their folders are."""


@dataclass(frozen=True)
class Import:
    """`module` takes `name`, in a function or under `TYPE_CHECKING` perhaps."""

    module: str
    name: str
    line: int
    in_function: bool
    for_types: bool

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}, imports {self.name}"


@cache
def sources(root: Path) -> Mapping[str, Path]:
    """Every module of the product by its dotted name; migrations are history."""
    paths = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return {_dotted(path, root): path for path in paths if "migrations" not in path.parts}


def _dotted(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(root: Path) -> tuple[Import, ...]:
    """All of them, inside functions and under `TYPE_CHECKING` too."""
    known = sources(root)
    return tuple(
        found for module, path in known.items() for found in _imports_of(module, path, known)
    )


def _imports_of(module: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    tree = ast.parse(path.read_bytes())
    inside = {id(node) for part in ast.walk(tree) if _is_function(part) for node in ast.walk(part)}
    types = {id(node) for part in ast.walk(tree) if _is_for_types(part) for node in ast.walk(part)}
    for node in ast.walk(tree):
        for name in _names(node, known):
            yield Import(module, name, node.lineno, id(node) in inside, id(node) in types)  # type: ignore[attr-defined]


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _names(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            submodule = f"{node.module}.{alias.name}"
            yield submodule if submodule in known else str(node.module)


def room(module: str, root: Path) -> str:
    """The folder of a module, or the module itself where it stands in a hall."""
    if sources(root)[module].name == "__init__.py":
        return module
    folder = module.rpartition(".")[0]
    return module if folder in HALLS else folder


def circle(arrows: Mapping[str, set[str]]) -> list[str]:
    """One circle, as the names on the way round it; empty if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def leads_to(module: str, packages: frozenset[str], root: Path) -> bool:
    """Whether importing the module, or package, loads one of the packages."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name.partition(".")[0] in packages:
            return True
        if name not in seen:
            seen.add(name)
            waiting += _loaded_with(root).get(name, ())
    return False


@cache
def _loaded_with(root: Path) -> Mapping[str, list[str]]:
    loaded: dict[str, list[str]] = {}
    for one in imports(root):
        if not one.in_function and not one.for_types:
            loaded.setdefault(one.module, []).append(one.name)
    return loaded
