"""Finds what was added by adding a file: gates, automations, indicators."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


def plugins(package: ModuleType, attribute: str) -> Mapping[str, Any]:
    """What the modules of a package hold under `attribute`, by the `name` of each, in the order of the files' names."""
    modules = (importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__))
    found = (getattr(module, attribute, None) for module in modules)
    return {one.name: one for one in found if one is not None}


def of_type(package: ModuleType, kind: type[T]) -> Mapping[str, T]:
    """The values of this type that the modules of a package hold, by the `name` of each, in the order of the files' names."""
    modules = (importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__))
    held = (value for module in modules for value in vars(module).values() if isinstance(value, kind))
    return {one.name: one for one in held}  # type: ignore[attr-defined]
