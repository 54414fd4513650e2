"""Which code a result rests on: a stored one is stale as soon as any of that has changed.

The code is found by its imports and taken by its text, so that nobody has to keep a list, and no
constant can be forgotten.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def digest_of(module: str, root: Path = ROOT) -> str:
    """SHA-256 of a module's source, of all that it imports of `ml`, directly or not, also inside
    functions, and of the versions of the packages that these import.

    `root` is the folder in which `ml` lies.
    """
    reached = sources(module, root)
    digest = hashlib.sha256()
    for name in sorted(reached):
        digest.update(f"{name}\n".encode() + reached[name])
    for package in sorted({name for text in reached.values() for name in _packages(text)}):
        digest.update(f"{package}\n".encode())
    return digest.hexdigest()


def sources(module: str, root: Path = ROOT) -> Mapping[str, bytes]:
    """The sources of a module and of all modules of `ml` that it imports, by name: those of the
    packages that they lie in too, which Python runs before them."""
    found: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _path(name, root)
        if name not in found and path is not None:
            found[name] = path.read_bytes()
            waiting += [imported for imported in _imported(found[name]) if imported[:3] == "ml."]
            waiting += [name.rpartition(".")[0]] if "." in name else []
    return found


def _path(module: str, root: Path) -> Path | None:
    """None where the name is that of something in a module."""
    place = root.joinpath(*module.split("."))
    paths = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in paths if path.is_file()), None)


@cache
def _imported(source: bytes) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _packages(source: bytes) -> Iterator[str]:
    """The packages that a source imports, with their versions."""
    for name in {imported.partition(".")[0] for imported in _imported(source)}:
        if name != "ml" and name not in sys.stdlib_module_names:
            yield from (f"{package} {version(package)}" for package in _distributions(name))


@cache
def _distributions(name: str) -> tuple[str, ...]:
    return tuple(sorted(set(packages_distributions().get(name, ()))))
