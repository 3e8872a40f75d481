"""Every layer of policies that bears on a request, each ready to be asked; None or empty where there is none."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from leastkey.evaluate.layer import Layer

if TYPE_CHECKING:
    from leastkey.evaluate.request import LayerName, NamedDocument, Policies

__all__ = ["Layers"]

_OTHERS: Final[tuple[LayerName, ...]] = ("resource", "boundary", "session", "scps", "rcps", "endpoint")


class Layers:
    """The layers made of some policies. Of `scps`, `boundary` and `endpoint` each has to allow by itself.

    `present` names those there is a policy for, and always the identity: one without policies is allowed nothing.
    """

    __slots__ = ("boundary", "endpoint", "identity", "present", "rcps", "resource", "scps", "session")

    def __init__(self, policies: Policies) -> None:
        self.identity = Layer(policies.identity)
        self.resource = None if policies.resource is None else Layer((policies.resource,))
        self.boundary = _apart(policies.boundaries)
        self.session = Layer(policies.sessions) if policies.sessions else None
        self.scps = tuple(map(Layer, policies.scps))
        # Resource control policies only deny, so that their levels need not be told apart.
        rcps = tuple(chain.from_iterable(policies.rcps))
        self.rcps = Layer(rcps) if rcps else None
        self.endpoint = _apart(policies.endpoints)
        self.present: set[LayerName] = {"identity"}
        for name in _OTHERS:
            if getattr(self, name):
                self.present.add(name)


def _apart(documents: tuple[NamedDocument, ...]) -> tuple[Layer, ...]:
    return tuple([Layer((document,)) for document in documents]) if documents else ()
