"""The RayJob of the page on clusters: its fields are those that KubeRay's v1 has.

The names are those of `ray-operator/apis/ray/v1/rayjob_types.go` and `raycluster_types.go` in ray-project/kuberay, at 0057210,
as far as the page uses them. What is within a pod's template belongs to Kubernetes, and is not compared.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

from studies.activations import STUDY
from studies.engine.plan.options import parse

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "cluster.md"
HEAD = {"rayStartParams", "template"}
WORKERS = {"groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"}


def manifest() -> dict[str, Any]:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def test_the_fields_of_a_ray_job() -> None:
    job = manifest()
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert job["spec"].keys() == {"entrypoint", "backoffLimit", "shutdownAfterJobFinishes", "rayClusterSpec"}
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster.keys() == {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
    assert cluster["headGroupSpec"].keys() == HEAD
    (workers,) = cluster["workerGroupSpecs"]
    assert workers.keys() == WORKERS
    for group in (cluster["headGroupSpec"], workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_what_the_job_runs_is_understood() -> None:
    entrypoint = shlex.split(manifest()["spec"]["entrypoint"])
    folder, _, command = entrypoint[-1].partition(" && ")
    assert (entrypoint[:2], folder) == (["bash", "-c"], "cd /studies")
    program, verb, name, *options = shlex.split(command)
    assert (program, verb, name) == ("cnn-studies", "run", STUDY.name)
    assert parse(STUDY, options).address == "auto"


def test_the_results_lie_on_a_volume() -> None:
    pod = manifest()["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    (mounted,) = pod["containers"][0]["volumeMounts"]
    assert mounted["mountPath"] == "/studies"
    assert mounted["name"] in {volume["name"] for volume in pod["volumes"]}
