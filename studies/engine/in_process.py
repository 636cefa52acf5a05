"""The plain loop: the same plan as on Ray, one trial after another, in this process. For tests, debuggers and small machines."""

from studies.engine.conduct import Conductor
from studies.engine.worker import Order, work


def run(conductor: Conductor) -> None:
    while (order := conductor.next()) is not None:
        _train(conductor, order)
    assert conductor.finished()


def _train(conductor: Conductor, order: Order) -> None:
    course = work(order)
    for epoch in course:
        if conductor.heard(order.signature, epoch):
            course.close()
            conductor.ended(order.signature, stopped=True)
            return
    conductor.ended(order.signature)
