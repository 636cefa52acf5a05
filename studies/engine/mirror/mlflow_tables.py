"""Runs written straight into MLflow's tables, where those are a database.

One transaction instead of nine, and a fifth of the work; either all of it is there or nothing. What is written is what
MLflow's client writes: a test compares them, row by row. Where a row cannot be written (it is there already, or a later
MLflow has other columns) nothing is, and the client's way remains.
"""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlflow.entities import DatasetInput, LifecycleStage, Param
from mlflow.entities import Run as MlflowRun
from mlflow.store.tracking.dbmodels.models import SqlDataset, SqlInput, SqlInputTag, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric as SqlLatest
from sqlalchemy import Connection, Select, and_, create_engine, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased

from studies.engine import schema
from studies.engine.mirror.mlflow_entities import RUNNING, Run, end_tags, metrics, status
from studies.engine.mirror.outbox import Settled


class Tables:
    def __init__(self, uri: str, parent: MlflowRun, dataset: DatasetInput) -> None:
        """`parent` is a run of the same experiment that has the data set already."""
        self._engine = create_engine(uri)
        self._parent = parent.info
        self._context = dataset.tags[0]
        given = {"name": dataset.dataset.name, "digest": dataset.dataset.digest}
        wanted: Select[Any] = select(SqlDataset.dataset_uuid).filter_by(
            experiment_id=int(parent.info.experiment_id), **given
        )
        with self._engine.connect() as connection:
            self._dataset: str = connection.execute(wanted).scalar_one()

    def trials(self, scale: str) -> Iterator[tuple[str, Run]]:
        """The runs of all trials, each with its signature."""
        signature, outcome, of_scale = aliased(SqlTag), aliased(SqlTag), aliased(SqlTag)
        described = select(func.count()).where(SqlParam.run_uuid == SqlRun.run_uuid).scalar_subquery()
        info = (SqlRun.run_uuid, SqlRun.start_time, SqlRun.status, SqlRun.lifecycle_stage)
        wanted: Select[Any] = select(signature.value, *info, outcome.value, described)
        wanted = wanted.join(of_scale, _tag(of_scale, schema.SCALE)).join(signature, _tag(signature, schema.SIGNATURE))
        wanted = wanted.outerjoin(outcome, _tag(outcome, schema.OUTCOME))
        ours = and_(SqlRun.experiment_id == int(self._parent.experiment_id), of_scale.value == scale)
        with self._engine.connect() as connection:
            for trial, run, start, status, stage, ended, params in connection.execute(wanted.where(ours)):
                yield trial, Run(run, start, status, ended, params > 0, stage == LifecycleStage.DELETED)

    def begin(
        self, start: int, tags: Mapping[str, str], params: Sequence[Param], settled: Settled | None
    ) -> Run | None:
        """A new run, that goes on or has ended already; None where it could not be written."""
        run, given = Run(uuid.uuid4().hex, start, RUNNING, None, described=True, sent=0), uuid.uuid4().hex
        info = {
            "run_uuid": run.id, "name": tags["mlflow.runName"], "user_id": tags.get("mlflow.user", ""), "status": RUNNING,
            "start_time": start, "experiment_id": int(self._parent.experiment_id), "lifecycle_stage": "active",
            "artifact_uri": self._parent.artifact_uri.replace(self._parent.run_id, run.id),
            "source_type": "UNKNOWN", "source_name": "", "entry_point_name": "", "source_version": "",
        }  # fmt: skip
        ends = {"source_id": self._dataset, "destination_type": "RUN", "destination_id": run.id}
        context = {"input_uuid": given, "name": self._context.key, "value": self._context.value}
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            _add(connection, SqlRun, [info])
            _add(connection, SqlTag, _named(run.id, tags))
            _add(connection, SqlParam, _named(run.id, {param.key: param.value for param in params}))
            _add(connection, SqlInput, [{"input_uuid": given, "source_type": "DATASET", **ends}])
            _add(connection, SqlInputTag, [context])
            if settled is not None:
                _settle(connection, run, settled)
            return run
        return None

    def settle(self, run: Run, settled: Settled) -> bool:
        """End a run: its metrics are then those that count, whatever was sent while it ran. False: it could not be written."""
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            return _settle(connection, run, settled)
        return False


def _settle(connection: Connection, run: Run, settled: Settled) -> bool:
    active = update(SqlRun).where(SqlRun.run_uuid == run.id, SqlRun.lifecycle_stage == LifecycleStage.ACTIVE)
    ended = active.values(status=status(settled.outcome), end_time=round(time.time() * 1000))
    if connection.execute(ended).rowcount == 0:
        return False  # it was deleted
    points = sorted(metrics(settled.epochs, run.start, 0, settled.metrics), key=lambda metric: metric.step)
    values = [
        {"run_uuid": run.id, "key": m.key, "value": m.value, "timestamp": m.timestamp, "step": m.step, "is_nan": False}
        for m in points
    ]
    latest, tags = {value["key"]: value for value in values}, _named(run.id, end_tags(settled))
    for model, rows in ((SqlMetric, values), (SqlLatest, list(latest.values())), (SqlTag, tags)):
        if run.sent != 0:  # what was sent while it ran gives way
            keys = {row["key"] for row in rows}
            connection.execute(delete(model).where(model.run_uuid == run.id, model.key.in_(keys)))
        _add(connection, model, rows)
    run.end(settled.outcome)
    return True


def _tag(tag: Any, key: str) -> Any:
    return and_(tag.run_uuid == SqlRun.run_uuid, tag.key == key)


def _named(run: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"run_uuid": run, "key": key, "value": value} for key, value in values.items()]


def _add(connection: Connection, model: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(model.__table__), rows)
