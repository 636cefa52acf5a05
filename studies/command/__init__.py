"""The front door: what `cnn-studies` and `python -m studies` do. Each of its commands is a few lines over a room behind it."""
