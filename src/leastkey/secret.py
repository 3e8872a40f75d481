"""The Secret type: a value that every way of printing, copying or serializing refuses, with one exit.

Call `.reveal()` inline at the boundary and never bind the result to a name: a traceback with locals
would show that name. A test pins the number of call sites.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, NoReturn, final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Secret"]

_HIDDEN: Final = "<secret>"


@final
class Secret:
    """A secret text. Only `reveal()` lets the value out; equality takes constant time; it cannot be hashed."""

    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]  # a hash would put the secret into dict layouts and sets

    def __init__(self, value: str) -> None:
        def reveal() -> str:
            return value

        # The value lives in a closure: vars(), asdict() and slot dumps find a function, not a text.
        object.__setattr__(self, "_Secret__value", reveal)

    def reveal(self) -> str:
        """Give the value out. The only exit."""
        exit_: Callable[[], str] = object.__getattribute__(self, "_Secret__value")
        return exit_()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine: Callable[[], str] = object.__getattribute__(self, "_Secret__value")
        theirs: Callable[[], str] = object.__getattribute__(other, "_Secret__value")
        return hmac.compare_digest(mine().encode(), theirs().encode())

    def __repr__(self) -> str:
        return _HIDDEN

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __bool__(self) -> bool:
        return True

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError("a Secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError("a Secret does not change")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be copied or pickled")

    def __copy__(self) -> NoReturn:
        raise TypeError("a Secret cannot be copied or pickled")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a Secret cannot be copied or pickled")

    def __iter__(self) -> NoReturn:
        raise TypeError("a Secret has no parts")

    def __len__(self) -> NoReturn:
        raise TypeError("a Secret has no length")
