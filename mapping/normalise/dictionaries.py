"""Loads the dictionaries of `mapping/dictionaries/`, each on first use, and names their state by a fingerprint."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml


@cache
def load(name: str) -> Any:
    """Read one dictionary, for example `"manufacturers"`; kept while the process lives, and not changed by callers."""
    raw = files("mapping").joinpath("dictionaries", f"{name}.yaml").read_bytes()
    return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders


def folded(name: str) -> str:
    """Fold a name for comparing: letters and digits of any script, no case, nothing else."""
    return "".join(filter(str.isalnum, name.casefold()))


@cache
def fingerprint(package: Traversable | None = None) -> str:
    """Name the state of normalisers and dictionaries: 16 hexadecimal digits over all their files.

    Stored with each mapped record, so that a changed rule or dictionary maps unchanged records again.

    Args:
        package: Folder that holds `normalise` and `dictionaries`; the installed one by default.
    """
    digest = hashlib.blake2b(digest_size=8)
    for folder, suffix in (("normalise", ".py"), ("dictionaries", ".yaml")):
        for file in sorted((package or files("mapping")).joinpath(folder).iterdir(), key=lambda f: f.name):
            if file.name.endswith(suffix):
                digest.update(f"{folder}/{file.name}\0".encode())
                digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()
