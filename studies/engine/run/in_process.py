"""The plain loop: the same plan as on Ray, one trial after another, in this process. For tests, debuggers and small machines."""

from studies.engine.run.conduct import Conductor
from studies.engine.run.worker import work


def run(conductor: Conductor) -> None:
    while (order := conductor.next()) is not None:
        course = work(order)
        stopped = any(conductor.heard(order.signature, epoch) for epoch in course)
        course.close()
        conductor.ended(order.signature, stopped=stopped)
    assert conductor.finished()
