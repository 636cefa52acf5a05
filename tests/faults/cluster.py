"""A Ray cluster of two nodes on this machine, in a process of its own: it says its address, and loses a part when told so."""

import sys

from ray.cluster_utils import Cluster


def main() -> None:
    small = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=small)
    other = cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "lose a node":
            cluster.remove_node(other, allow_graceful=False)
        elif line.strip() == "lose the head":
            cluster.head_node.kill_gcs_server()
        print("done", flush=True)
    for node in cluster.list_all_nodes():
        node.kill_all_processes(check_alive=False, allow_graceful=False)


if __name__ == "__main__":
    main()
