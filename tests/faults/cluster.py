"""A Ray cluster of two nodes on this machine, in a process of its own.

It says its address, and loses a part or gets another node when told so."""

import sys
from typing import Any

from ray.cluster_utils import Cluster


def add(cluster: Cluster) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)


def main() -> None:
    small = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=small)
    other = add(cluster)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "lose a node":
            cluster.remove_node(other, allow_graceful=False)
        elif line.strip() == "lose the head":
            cluster.head_node.kill_gcs_server()
        elif line.strip() == "add a node":
            other = add(cluster)
        print("done", flush=True)
    for node in cluster.list_all_nodes():
        node.kill_all_processes(check_alive=False, allow_graceful=False)


if __name__ == "__main__":
    main()
