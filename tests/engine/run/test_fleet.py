"""Which nodes of a cluster train what: decided from what failed where, without a cluster."""

import pytest

from studies.engine.run.on_ray.fleet import Fleet, Node

ONE, TWO, THREE = (Node(name, f"10.0.0.{number}", cpus=4, gpus=0) for number, name in enumerate("abc", 1))


class Lab:
    """Nodes that come and go, and what was said of them."""

    def __init__(self, *nodes: Node, gpus_per_trial: float = 0.0, at_most: int | None = None) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.said: list[str] = []
        self.fleet = Fleet(lambda: self.nodes, gpus_per_trial, at_most, self.said.append)


def test_an_unfit_node_gets_nothing_and_is_named() -> None:
    lab = Lab(ONE, TWO)
    assert (lab.fleet.slots(), lab.fleet.avoided_by("x")) == (8, frozenset())
    lab.fleet.leave_out("b", "b would train something else")
    lab.fleet.leave_out("b", "b would train something else")
    assert lab.said == ["! A node gets no trials: b would train something else."]
    assert (lab.fleet.slots(), lab.fleet.avoided_by("x")) == (4, {"b"})


def test_no_node_is_fit() -> None:
    lab = Lab(ONE, TWO)
    lab.fleet.leave_out("a", "a has other data")
    with pytest.raises(
        OSError, match="no node of the cluster can train this study: a has other data; b has other data"
    ):
        lab.fleet.leave_out("b", "b has other data")


def test_what_fails_on_one_node_is_tried_on_another() -> None:
    """It is the trial's fault once it has failed on two; then it is held against no node."""
    lab = Lab(ONE, TWO)
    lab.fleet.failed("broken", "a", "a bug")
    assert lab.fleet.may_go_elsewhere("broken")
    assert lab.fleet.avoided_by("broken") == {"a"}
    assert lab.fleet.avoided_by("another") == frozenset()
    lab.fleet.failed("broken", "b", "a bug")
    assert not lab.fleet.may_go_elsewhere("broken")
    lab.fleet.failed("other", "a", "no luck")
    assert (lab.said, lab.fleet.slots()) == ([], 8)


def test_a_black_hole_is_left_out_after_two_failures_of_its_own() -> None:
    lab = Lab(ONE, TWO, THREE)
    lab.fleet.failed("x", "a", "no CUDA")
    lab.fleet.failed("y", "a", "no CUDA")
    lab.fleet.failed("z", "a", "no CUDA")
    assert lab.said == ["! a gets no more trials, as 2 failed there alone; the last: no CUDA"]
    assert (lab.fleet.avoided_by("new"), lab.fleet.slots()) == ({"a"}, 8)
    lab.fleet.failed("x", "b", "no CUDA")
    lab.fleet.failed("y", "c", "no CUDA")
    assert lab.fleet.avoided_by("new") == frozenset(), "two of them failed elsewhere, too"


def test_some_node_is_always_left() -> None:
    lab = Lab(ONE, TWO)
    for signature, node in (("w", "a"), ("x", "a"), ("y", "b"), ("z", "b")):
        lab.fleet.failed(signature, node, "no luck")
    assert (lab.fleet.avoided_by("w"), lab.fleet.avoided_by("y")) == ({"a"}, {"b"})
    assert lab.fleet.avoided_by("new") == frozenset()
    assert lab.fleet.slots() == 8


def test_an_unfit_node_makes_room_for_no_trial_even_where_all_others_are_black_holes() -> None:
    lab = Lab(ONE, TWO, THREE)
    lab.fleet.leave_out("c", "c has other data")
    for signature, node in (("w", "a"), ("x", "a"), ("y", "b"), ("z", "b")):
        lab.fleet.failed(signature, node, "no luck")
    assert lab.fleet.slots() == 8


def test_trials_that_wait_for_a_store_are_told_of_once() -> None:
    lab = Lab(ONE, TWO)
    for signature, why in (("x", "a cannot use s3://b"), ("y", "b cannot use s3://b"), ("x", ""), ("z", ""), ("y", "")):
        lab.fleet.waits(signature, why)
    assert lab.said == ["! a cannot use s3://b: trials wait, and try again.", "All trials go on."]


def test_on_a_single_node_nothing_is_tried_elsewhere() -> None:
    lab = Lab(ONE)
    lab.fleet.failed("x", "a", "a bug")
    lab.fleet.failed("y", "a", "a bug")
    assert lab.said == []
    assert not lab.fleet.may_go_elsewhere("x")
    assert lab.fleet.avoided_by("x") == frozenset()


def test_nodes_come_and_go() -> None:
    lab = Lab(ONE)
    lab.nodes["b"] = TWO
    assert lab.fleet.slots() == 8
    del lab.nodes["a"], lab.nodes["b"]
    assert lab.fleet.slots() == 1, "one trial waits for a node"
    assert Lab(ONE, TWO, at_most=3).fleet.slots() == 3


def gpus(name: str, number: int, kind: str, cpus: int = 8) -> Node:
    return Node(name, "10.0.0.9", cpus, number, kind)


@pytest.mark.parametrize(("share", "fit"), [(1.0, 2), (0.5, 4), (0.4, 4), (0.25, 8)])
def test_trials_are_counted_by_node_and_none_lies_on_two_gpus(share: float, fit: int) -> None:
    assert Lab(gpus("a", 1, "A100"), gpus("b", 1, "A100"), gpus_per_trial=share).fleet.slots() == fit


def test_each_trial_takes_a_core() -> None:
    assert Lab(gpus("a", 4, "A100", cpus=3), gpus("b", 1, "A100"), gpus_per_trial=1).fleet.slots() == 4


def test_a_study_trains_on_one_kind() -> None:
    """The one that there is most of, and it is said; with no GPU a trial, on all cores."""
    big, other = gpus("big", 2, "A100"), gpus("other", 1, "H100")
    lab = Lab(big, other, ONE, gpus_per_trial=1)
    assert (lab.fleet.slots(), lab.fleet.avoided_by("x")) == (2, {"a", "other"})
    assert lab.said == [
        "! The nodes with a GPU of kind A100 train, the other 2 do not: between kinds the last digits differ."
    ]
    lab = Lab(big, other)
    assert (lab.fleet.slots(), lab.fleet.avoided_by("x"), lab.said) == (16, frozenset(), [])
