"""Ray trains what the conductor orders: on this machine, or on the nodes of a cluster."""
