"""How much of a TFLite model a delegate has taken over: what decides between 2 ms and 20 ms, and what nobody is told.

When a delegate takes nodes, TFLite puts a node named DELEGATE into the graph for each connected part of it, behind the nodes
that were there, and leaves those in the list without running them. So what a delegate took is what lies between its outputs
and its inputs. Source: `Subgraph::ReplaceNodeSubsetsWithDelegateKernels` in LiteRT's `tflite/core/subgraph.cc`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_DELEGATE = "DELEGATE"


class Delegation(NamedTuple):
    """Who computes.

    Attributes:
        name: of the delegate or execution provider, e.g. ``"XNNPACK"``; ``"none"`` where the runtime's own kernels do it all.
        taken: operations that it computes; None where the runtime does not say.
        operations: all that the model has; None where the runtime does not say.
    """

    name: str
    taken: int | None = None
    operations: int | None = None

    def __str__(self) -> str:
        """Say it in a few words."""
        return self.name if self.taken is None else f"{self.name}, {self.taken} of {self.operations} operations"


def delegation_of(operations: Iterable[Mapping[str, Any]], name: str) -> Delegation:
    """Count what a delegate took.

    Args:
        operations: TFLite's list: ``op_name``, and the tensors' indices as ``inputs`` and ``outputs``.
        name: of the delegate, which TFLite does not say.
    """
    nodes = list(operations)
    own = [node for node in nodes if node["op_name"] != _DELEGATE]
    makers = {int(tensor): number for number, node in enumerate(own) for tensor in node["outputs"]}
    taken: set[int] = set()
    for delegate in (node for node in nodes if node["op_name"] == _DELEGATE):
        given = {int(tensor) for tensor in delegate["inputs"]}
        wanted = [int(tensor) for tensor in delegate["outputs"]]
        while wanted:
            maker = makers.get(wanted.pop())
            if maker is not None and maker not in taken:
                taken.add(maker)
                wanted += [int(tensor) for tensor in own[maker]["inputs"] if int(tensor) not in given]
    return Delegation(name if taken else "none", len(taken), len(own))
