"""MLflow through its own client: any tracking URI it understands, in pages and batches rather than a call a run."""

import json
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from analysis.read.store import COMMIT, TIMEOUT, Run, Series, unreadable
from studies.engine import schema

_PAGE = 5000  # runs in one answer
_BULK = 100  # runs in one request for histories: the server's own limit
_MOST = 25_000  # values in one answer: the server's own limit
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_DISABLE_TELEMETRY": "true",
}  # fmt: skip
_SERVER = "see that the server is up (mlflow server), and that MLFLOW_TRACKING_URI names it."
_ADDRESS = "a tracking URI is like sqlite:///mlflow.db, postgresql+psycopg://user@host/name or http://host:5000; others need a driver."


class ClientStore:
    """MLflow behind a server, or in a database that only MLflow itself can read."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.served = uri.startswith(("http://", "https://"))
        if self.served:
            _knock(uri)
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        with self._told():
            from mlflow import MlflowClient  # takes seconds, so not before it is needed

            self.client = MlflowClient(uri)

    def counts(self) -> list[tuple[str, str, int]]:
        trials = self._search(None, "trial")
        found = Counter((study, run.tags[schema.SCALE]) for study, run in trials if schema.SCALE in run.tags)
        return [(*key, trials) for key, trials in sorted(found.items())]

    def runs(self, study: str, kind: str) -> list[Run]:
        return [run for _, run in self._search(study, kind)]

    def histories(self, runs: Sequence[str], metrics: Sequence[str]) -> list[Series]:
        batches = [runs[at : at + _BULK] for at in range(0, len(runs), _BULK)] if self.served else [[r] for r in runs]
        with self._told():
            return [point for metric in metrics for batch in batches for point in self._history(batch, metric)]

    def _search(self, study: str | None, kind: str) -> Iterator[tuple[str, Run]]:
        """Each run of this kind with the name of its experiment: of one study, or of all."""
        with self._told():
            found = [self.client.get_experiment_by_name(study)] if study else self.client.search_experiments()
            experiments = {e.experiment_id: e.name for e in found if e and e.lifecycle_stage == "active"}
            token, wanted = None, f"tags.{schema.KIND} = '{kind}'"
            while experiments:
                page = self.client.search_runs(list(experiments), wanted, max_results=_PAGE, page_token=token)
                yield from ((experiments[run.info.experiment_id], _run(run)) for run in page)
                if not (token := page.token):
                    return

    def _history(self, runs: Sequence[str], metric: str) -> list[Series]:
        """One metric of up to 100 runs in one request, as MLflow's own pages ask for it; cut off: asked in halves."""
        if self.served:
            points = self._bulk(runs, metric)
            if len(points) < _MOST:
                each = groupby(points, key=lambda point: point["run_id"])
                return [_series(run, metric, [(p["step"], p["value"], p["timestamp"]) for p in of]) for run, of in each]
            if len(runs) > 1:
                half = len(runs) // 2
                return [*self._history(runs[:half], metric), *self._history(runs[half:], metric)]
        history = self.client.get_metric_history(runs[0], metric)
        return [_series(runs[0], metric, [(point.step, point.value, point.timestamp) for point in history])]

    def _bulk(self, runs: Sequence[str], metric: str) -> list[dict[str, Any]]:
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request

        server, path = get_default_host_creds(self.uri), "/ajax-api/2.0/mlflow/metrics/get-history-bulk"  # type: ignore[no-untyped-call]
        wanted = {"run_id": list(runs), "metric_key": metric, "max_results": _MOST}
        answer = http_request(server, path, "GET", params=wanted)  # type: ignore[no-untyped-call]
        if answer.status_code != 200:
            raise ValueError(f"the server answered {answer.status_code} to a request for histories")
        points: list[dict[str, Any]] = json.loads(answer.text)["metrics"]
        return points

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong in MLflow is told in two lines."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, ImportError, OSError, ValueError) as error:
            raise unreadable(self.uri, error, _SERVER if self.served else _ADDRESS) from None


def _run(run: Any) -> Run:
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.") or key == COMMIT}
    info = run.info
    return Run(info.run_id, info.run_name, info.status, info.start_time, tags, run.data.params, run.data.metrics)


def _series(run: str, metric: str, points: Sequence[tuple[Any, Any, Any]]) -> Series:
    """Servers write NaN and the infinities, and long numbers, as words."""
    steps, values, timestamps = zip(*points, strict=True) if points else ((), (), ())
    return Series(run, metric, [*map(int, steps)], [*map(float, values)], [*map(int, timestamps)])


def _knock(uri: str) -> None:
    """See that something answers there at all: MLflow's client would go on trying for minutes."""
    parts = urlsplit(uri)
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/health"
    try:
        urllib.request.urlopen(address, timeout=TIMEOUT).close()  # noqa: S310 - http or https
    except urllib.error.HTTPError:
        return  # whoever refuses is there
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        late = isinstance(reason, TimeoutError)
        raise unreadable(uri, f"no answer within {TIMEOUT} s" if late else reason, _SERVER) from None
