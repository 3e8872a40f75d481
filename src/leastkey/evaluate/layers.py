"""Every layer of policies that bears on a request, each ready to be asked; None or empty where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leastkey.evaluate.layer import Layer

if TYPE_CHECKING:
    from leastkey.evaluate.request import LayerName, NamedDocument, Policies

__all__ = ["Layers"]


class Layers:
    """The layers made of some policies. Of `scps`, `boundary` and `endpoint` each has to allow by itself."""

    __slots__ = ("boundary", "endpoint", "identity", "rcps", "resource", "scps", "session")

    def __init__(self, policies: Policies) -> None:
        self.identity = Layer(policies.identity)
        self.resource = _of(() if policies.resource is None else (policies.resource,))
        self.boundary = _apart(policies.boundaries)
        self.session = _of(policies.sessions)
        self.scps = tuple(map(Layer, policies.scps))
        # Resource control policies only deny, so that their levels need not be told apart.
        self.rcps = _of(tuple(document for level in policies.rcps for document in level))
        self.endpoint = _apart(policies.endpoints)

    def has(self, name: LayerName) -> bool:
        """Say whether there is a policy in a layer; an identity without policies is one that is allowed nothing."""
        return name == "identity" or bool(getattr(self, name))


def _of(documents: tuple[NamedDocument, ...]) -> Layer | None:
    return Layer(documents) if documents else None


def _apart(documents: tuple[NamedDocument, ...]) -> tuple[Layer, ...]:
    return tuple(Layer((document,)) for document in documents)
