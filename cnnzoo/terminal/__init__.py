"""What ``python -m cnnzoo`` prints: the networks at a glance, and one of them trained, tested and asked."""
