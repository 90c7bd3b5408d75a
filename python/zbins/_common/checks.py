"""Numbers as callers give them."""

from __future__ import annotations

import numpy as np


def is_int(value: object) -> bool:
    """Tell whether `value` is a whole number (Python's or NumPy's), and not a bool."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_count(name: str, value: object, least: int = 0) -> int:
    """Return a whole number, or refuse it by name."""
    if not is_int(value):
        raise TypeError(f"{name} is {value!r} of type {type(value).__name__}; it must be an int")
    number = int(value)  # type: ignore[call-overload]
    if number < least:
        raise ValueError(f"{name} is {number}; it must be at least {least}")
    return int(number)


def check_number(name: str, value: object) -> float:
    """Return a finite number, or refuse it by name."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r} of type {type(value).__name__}; it must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise ValueError(f"{name} is {value!r}; it must be finite")
    return number


def check_positive(name: str, value: object) -> float:
    """Return a finite number above 0, or refuse it by name."""
    if (number := check_number(name, value)) <= 0:
        raise ValueError(f"{name} is {value!r}; it must be above 0")
    return number


def check_share(name: str, value: object) -> float:
    """Return a number above 0 and at most 1, or refuse it by name."""
    if not 0 < (number := check_number(name, value)) <= 1:
        raise ValueError(f"{name} is {value!r}; it must be above 0 and at most 1")
    return number


def check_flag(name: str, value: object) -> bool:
    """Return a bool (Python's or NumPy's), or refuse anything else by name."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}; accepted are True and False")
    return bool(value)
