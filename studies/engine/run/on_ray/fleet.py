"""Which nodes of a cluster train what. Pure decisions: no clock, no file, no Ray."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

BLACK_HOLE = 2  # so many trials that failed on a node and on no other


@dataclass(frozen=True)
class Node:
    name: str  # as a person calls it
    address: str
    cpus: int
    gpus: int
    kind: str = ""  # of its GPUs, as Ray calls it


class Fleet:
    """The nodes of a cluster, as far as they may train this study.

    A node that has other data, code or versions than the study gets no trials. What fails on one node is tried on another:
    if it fails there too, it is the trial's fault; a node on which two trials failed that failed nowhere else is left out.
    """

    def __init__(
        self,
        look: Callable[[], Mapping[str, Node]],  # the nodes that there are now, by id
        gpus_per_trial: float,
        at_most: int | None,  # trials at once, where somebody asked for that
        say: Callable[[str], None],
    ) -> None:
        self._look, self._share, self._at_most, self._say = look, gpus_per_trial, at_most, say
        self._kind = kind_of(look().values()) if gpus_per_trial else ""
        self.unfit: dict[str, str] = {}  # by the id of a node, why it may not train this study
        self._failed: dict[str, dict[str, str]] = {}  # by signature, by node, why
        self._holes_named: set[str] = set()
        self._waiting: set[str] = set()  # trials
        others = len(look()) - len(self.fit())
        if gpus_per_trial and others:
            which = f"a GPU of kind {self._kind}" if self._kind else "a GPU"
            why = "between kinds the last digits differ"
            say(f"! The nodes with {which} train, the other {others} do not: {why}.")

    def slots(self) -> int:
        """How many trials fit at once on the nodes that are there now; one waits even where there is none."""
        avoided = self.avoided_by("")
        fit = fitting((node for name, node in self.fit().items() if name not in avoided), self._share)
        return max(1, min(fit, self._at_most or fit))

    def fit(self) -> dict[str, Node]:
        """The nodes that are there, have what a trial takes and may train this study, by id."""
        found = able(self._look(), self._share, self._kind)
        return {name: node for name, node in found.items() if name not in self.unfit}

    def at(self, address: str) -> str | None:
        """The node at this address, if it is one."""
        found = [name for name, node in self._look().items() if node.address == address]
        return found[0] if len(found) == 1 else None

    def leave_out(self, node: str, why: str) -> None:
        """The node would train something else than the study says; OSError if that is so of all."""
        if node not in self.unfit:
            self.unfit[node] = why
            self._say(f"! A node gets no trials: {why}.")
        if not self.fit():
            raise OSError(f"no node of the cluster can train this study: {'; '.join(self.unfit.values())}")

    def failed(self, signature: str, node: str, why: str) -> None:
        """A trial failed on the node, or its worker died there."""
        self._failed.setdefault(signature, {})[node] = why
        for hole in (self._black_holes() & self.avoided_by("")) - self._holes_named:
            self._holes_named.add(hole)
            self._say(f"! {self.name(hole)} gets no more trials, as {BLACK_HOLE} failed there alone; the last: {why}")

    def waits(self, signature: str, why: str) -> None:
        """A trial cannot go on at this moment; without a reason it can."""
        if why:
            if not self._waiting:
                self._say(f"! {why}: trials wait, and try again.")
            self._waiting.add(signature)
        elif signature in self._waiting:
            self._waiting.remove(signature)
            if not self._waiting:
                self._say("All trials go on.")

    def may_go_elsewhere(self, signature: str) -> bool:
        """Whether a trial that failed on one node alone can be tried on another."""
        failed_on = self._failed.get(signature, {}).keys()
        return len(failed_on) == 1 and bool(self.fit().keys() - failed_on)

    def avoided_by(self, signature: str) -> frozenset[str]:
        """The nodes where the trial should not be trained; never all that are fit."""
        nodes, own, fit = self._look(), self._failed.get(signature, {}).keys(), self.fit().keys()
        wishes = (fit - self._black_holes() - own, fit - own, fit)
        return frozenset(nodes.keys() - next((wish for wish in wishes if wish), fit))

    def _black_holes(self) -> set[str]:
        alone = [next(iter(nodes)) for nodes in self._failed.values() if len(nodes) == 1]
        return {node for node in alone if alone.count(node) >= BLACK_HOLE}

    def name(self, node: str) -> str:
        nodes = self._look()
        return nodes[node].name if node in nodes else f"node {node[:8]}"


def able(nodes: Mapping[str, Node], gpus_per_trial: float, kind: str) -> dict[str, Node]:
    """Those that have what a trial takes: cores, or GPUs of a kind."""
    if gpus_per_trial:
        return {name: node for name, node in nodes.items() if node.gpus and node.kind == kind}
    return {name: node for name, node in nodes.items() if node.cpus}


def kind_of(nodes: Iterable[Node]) -> str:
    """The kind of GPU that there is most of: the last digits of a training differ between kinds."""
    gpus: dict[str, int] = {}
    for node in nodes:
        gpus[node.kind] = gpus.get(node.kind, 0) + node.gpus
    return max(sorted(gpus), key=lambda kind: gpus[kind], default="")


def fitting(nodes: Iterable[Node], gpus_per_trial: float) -> int:
    """How many trials fit at once: each takes a core, and no trial lies on two GPUs or two nodes."""
    a_gpu = int(1 / gpus_per_trial) if gpus_per_trial else 0
    return sum(min(node.cpus, node.gpus * a_gpu) if gpus_per_trial else node.cpus for node in nodes)
