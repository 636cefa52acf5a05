"""MLflow through its own client: any tracking URI it understands, in pages and batches rather than a call a run."""

import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from analysis.store import COMMIT, TIMEOUT, Point, Run, unreadable
from studies.engine import schema

_PAGE = 5000  # runs in one answer
_BULK = 100  # runs in one request for histories: the server's own limit
_MOST = 25_000  # values in one answer: the server's own limit
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
_HINT = "see that the server is up (mlflow server), and that MLFLOW_TRACKING_URI names it."


class ClientStore:
    """MLflow behind a server, or in a database that only MLflow itself can read."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        if uri.startswith(("http://", "https://")):
            _knock(uri)
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient  # takes seconds, so not before it is needed
        from mlflow.exceptions import MlflowException

        self.problems = (MlflowException, OSError, ValueError)
        try:
            self.client = MlflowClient(uri)
        except self.problems as error:
            raise unreadable(uri, str(error), _HINT) from None

    def counts(self) -> list[tuple[str, str, int]]:
        counted: dict[tuple[str, str], int] = {}
        for experiment, run in self._search(None, "trial"):
            key = (experiment, run.tags.get(schema.SCALE, ""))
            counted[key] = counted.get(key, 0) + 1
        return [(*key, n) for key, n in sorted(counted.items())]

    def runs(self, study: str, kind: str) -> list[Run]:
        return [run for _, run in self._search(study, kind)]

    def histories(self, runs: Sequence[str], metrics: Sequence[str]) -> list[Point]:
        try:
            if self.uri.startswith(("http://", "https://")):
                return [
                    point
                    for metric in metrics
                    for at in range(0, len(runs), _BULK)
                    for point in self._bulk(runs[at : at + _BULK], metric)
                ]
            return [
                Point(run, metric, point.step, point.value, point.timestamp)
                for run in runs
                for metric in metrics
                for point in self.client.get_metric_history(run, metric)
            ]
        except self.problems as error:
            raise unreadable(self.uri, str(error), _HINT) from None

    def _search(self, study: str | None, kind: str) -> Iterator[tuple[str, Run]]:
        """Each run of this kind with the name of its experiment: of one study, or of all."""
        try:
            one = None if study is None else self.client.get_experiment_by_name(study)
            found = (
                self.client.search_experiments()
                if study is None
                else [one]
                if one and one.lifecycle_stage == "active"
                else []
            )
            experiments = {e.experiment_id: e.name for e in found}
            token = None
            while experiments:
                page = self.client.search_runs(
                    list(experiments), f"tags.{schema.KIND} = '{kind}'", max_results=_PAGE, page_token=token
                )
                yield from ((experiments[run.info.experiment_id], _run(run)) for run in page)
                if not (token := page.token):
                    return
        except self.problems as error:
            raise unreadable(self.uri, str(error), _HINT) from None

    def _bulk(self, runs: Sequence[str], metric: str) -> list[Point]:
        """One metric of up to 100 runs in one request: what MLflow's own pages use to draw curves."""
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request

        answer = http_request(  # type: ignore[no-untyped-call]
            get_default_host_creds(self.uri),  # type: ignore[no-untyped-call]
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk",
            "GET",
            params={"run_id": list(runs), "metric_key": metric, "max_results": _MOST},
        )
        if answer.status_code != 200:
            raise ValueError(f"the server answered {answer.status_code} to a request for histories")
        points = json.loads(answer.text)["metrics"]
        if len(points) >= _MOST and len(runs) > 1:  # cut off: ask in halves
            half = len(runs) // 2
            return [*self._bulk(runs[:half], metric), *self._bulk(runs[half:], metric)]
        return [Point(p["run_id"], metric, int(p["step"]), _number(p["value"]), int(p["timestamp"])) for p in points]


def _run(run: Any) -> Run:
    info, data = run.info, run.data
    tags = {key: value for key, value in data.tags.items() if not key.startswith("mlflow.") or key == COMMIT}
    return Run(info.run_id, info.run_name, info.status, info.start_time, info.end_time, tags, data.params, data.metrics)


def _number(value: Any) -> float:
    """Servers write NaN and the infinities as words."""
    return float(value)


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
        late = isinstance(reason, TimeoutError | socket.timeout)
        raise unreadable(uri, f"no answer within {TIMEOUT} s" if late else str(reason), _HINT) from None
