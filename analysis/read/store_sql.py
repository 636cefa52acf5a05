"""MLflow's tables read directly: what takes ``mlflow.search_runs`` 13 s for 10,000 runs takes half a second here.

One row a run: the database puts its tags, parameters and metrics into a JSON object each, which is both fewer rows to
carry over and faster than a pivot.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import bindparam, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from analysis.read.store import COMMIT, TIMEOUT, Run, Series, unreadable
from studies.engine import schema

_CHUNK = 500  # runs in one query: below every database's limit on bound values
_MAPPED = 2**30  # bytes of a SQLite file that are read without copying

_RUNS = """
SELECT r.run_uuid, r.name, r.status, r.start_time,
  (SELECT {object}(t.key, t.value) FROM tags t WHERE t.run_uuid = r.run_uuid AND (t.key NOT LIKE 'mlflow.%' OR t.key = :commit)),
  (SELECT {object}(p.key, p.value) FROM params p WHERE p.run_uuid = r.run_uuid),
  (SELECT {object}(m.key, CASE WHEN m.is_nan THEN NULL ELSE m.value END) FROM latest_metrics m
    WHERE m.run_uuid = r.run_uuid)
FROM experiments e JOIN runs r ON r.experiment_id = e.experiment_id
  JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = :kind_tag AND k.value = :kind
WHERE e.name = :study AND e.lifecycle_stage = 'active' AND r.lifecycle_stage = 'active'
"""

_COUNTS = """
SELECT e.name, s.value, COUNT(*)
FROM experiments e JOIN runs r ON r.experiment_id = e.experiment_id
  JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = :kind_tag AND k.value = 'trial'
  JOIN tags s ON s.run_uuid = r.run_uuid AND s.key = :scale_tag
WHERE e.lifecycle_stage = 'active' AND r.lifecycle_stage = 'active'
GROUP BY e.name, s.value ORDER BY e.name, s.value
"""

# CROSS JOIN, as SQLite would else read the metric's values in all runs of all studies.
_HISTORIES = """
SELECT m.run_uuid, m.key,
  {array}(m.step), {array}(CASE WHEN m.is_nan THEN NULL ELSE m.value END), {array}(m.timestamp)
FROM runs r CROSS JOIN metrics m
WHERE m.run_uuid = r.run_uuid AND r.run_uuid IN :runs AND m.key IN :metrics GROUP BY m.run_uuid, m.key
"""


class SqlStore:
    """MLflow in SQLite or PostgreSQL; never writes to it."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.url = _url(uri)
        self.sqlite = self.url.get_backend_name() == "sqlite"

    def counts(self) -> list[tuple[str, str, int]]:
        rows = self._read(_COUNTS, kind_tag=schema.KIND, scale_tag=schema.SCALE)
        return [(name, scale, trials) for name, scale, trials in rows]

    def runs(self, study: str, kind: str) -> list[Run]:
        query = _RUNS.format(object="json_group_object" if self.sqlite else "json_object_agg")
        values = {"study": study, "kind_tag": schema.KIND, "kind": kind, "commit": COMMIT}
        rows = self._read(query, **values)
        objects = zip(*(_parsed([row[i] for row in rows]) for i in (4, 5, 6)), strict=True)
        return [Run(*row[:4], *three) for row, three in zip(rows, objects, strict=True)]

    def histories(self, runs: Sequence[str], metrics: Sequence[str]) -> list[Series]:
        query = _HISTORIES.format(array="json_group_array" if self.sqlite else "json_agg")
        chunks = [list(runs[at : at + _CHUNK]) for at in range(0, len(runs), _CHUNK)]
        rows = [row for chunk in chunks for row in self._read(query, runs=chunk, metrics=list(metrics))]
        columns = zip(*(_parsed([row[i] for row in rows]) for i in (2, 3, 4)), strict=True)
        return [Series(*row[:2], *three) for row, three in zip(rows, columns, strict=True)]

    def _read(self, query: str, **values: Any) -> Sequence[Any]:
        lists: list[Any] = [bindparam(name, expanding=True) for name, v in values.items() if isinstance(v, list)]
        waiting = {"timeout" if self.sqlite else "connect_timeout": TIMEOUT}
        try:
            with create_engine(self.url, connect_args=waiting, poolclass=NullPool).connect() as connection:
                if self.sqlite:
                    connection.exec_driver_sql(f"PRAGMA mmap_size = {_MAPPED}")
                return connection.execute(text(query).bindparams(*lists), values).fetchall()
        except DBAPIError as error:
            raise unreadable(self.uri, error.orig, _hint(str(error.orig))) from None
        except ModuleNotFoundError as error:
            hint = "pip install 'psycopg[binary]', and begin the URI with postgresql+psycopg://"
            raise unreadable(self.uri, error, hint) from None


def _url(uri: str) -> URL:
    try:
        url = make_url(uri.replace("postgres:", "postgresql:", 1) if uri.startswith("postgres:") else uri)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        hint = "a tracking URI is like sqlite:///mlflow.db or postgresql+psycopg://user@host/name"
        raise unreadable(uri, error, hint) from None
    # SQLite would make an empty database of a name that is mistyped.
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        hint = "run a study first, go to the folder it was run in, or set MLFLOW_TRACKING_URI."
        raise unreadable(uri, f"there is no file {Path(url.database or '').absolute()}", hint)
    return url


def _parsed(column: Sequence[Any]) -> list[Any]:
    """Parsed in one go: the runs' values then lie side by side, and are found faster. PostgreSQL's driver has done it already."""
    if column and isinstance(column[0], str):
        parsed: list[Any] = orjson.loads(f"[{','.join(column)}]")
        return parsed
    return [{} if item is None else item for item in column]


def _hint(said: str) -> str:
    if "no such" in said or "does not exist" in said:
        return "another version of MLflow wrote this database; start its `mlflow server`, and read from that."
    return "see that the database is up, and that MLFLOW_TRACKING_URI names it."
