"""The plain loop: the same plan as on Ray, one trial after another, in this process. For tests, debuggers and small machines."""

from studies.engine.run.conduct import Conductor
from studies.engine.run.worker import work


def run(conductor: Conductor) -> None:
    while (order := conductor.next()) is not None:
        course = work(order)
        if any(conductor.heard(order.signature, news) for news in course):
            course.close()
            conductor.stopped(order.signature)
    assert conductor.finished()
