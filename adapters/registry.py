"""Finds the platforms: every folder below `adapters/` that holds an `adapter.py` with one `Adapter` in it."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType

import adapters
from adapters.base import Adapter
from adapters.http import Http


class RegistryError(Exception):
    """A platform folder that cannot be used. Raised at start: a half-present messenger loses messages."""


def discover() -> dict[str, type[Adapter]]:
    """The adapter classes by platform name, in alphabetical order. Folders elsewhere join through `adapters.__path__`.

    Raises RegistryError where a folder with an adapter module cannot be imported, holds no adapter or two, or where
    two folders claim one platform.
    """
    packages = [f"adapters.{found.name}" for found in pkgutil.iter_modules(adapters.__path__) if found.ispkg]
    found: dict[str, type[Adapter]] = {}
    for package in packages:
        if importlib.util.find_spec(f"{package}.adapter") is None:
            continue
        kind = _adapter_in(package)
        if kind.platform in found:
            raise RegistryError(f"{package} and {found[kind.platform].__module__} both claim {kind.platform!r}")
        found[kind.platform] = kind
    return dict(sorted(found.items()))


def _adapter_in(package: str) -> type[Adapter]:
    try:
        module: ModuleType = importlib.import_module(f"{package}.adapter")
    except Exception as error:
        raise RegistryError(f"{package}.adapter cannot be imported: {error}") from error
    kinds = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Adapter) and value.__module__ == module.__name__
    ]
    if len(kinds) != 1:
        raise RegistryError(f"{package}.adapter must define exactly one Adapter, not {len(kinds)}")
    return kinds[0]


class Registry(Mapping[str, Adapter]):
    """The adapters in use, by platform name."""

    def __init__(self, adapters: Iterable[Adapter]) -> None:
        self._adapters = {adapter.platform: adapter for adapter in adapters}

    def __getitem__(self, platform: str) -> Adapter:
        return self._adapters[platform]

    def __iter__(self) -> Iterator[str]:
        return iter(self._adapters)

    def __len__(self) -> int:
        return len(self._adapters)


def build(http: Callable[[str], Http]) -> Registry:
    """Every discovered adapter, each with settings from the environment; `http(platform)` is its way out."""
    return Registry(kind(http(name), kind.settings()) for name, kind in discover().items())
