"""``python -m studies``: the same as ``cnn-studies``."""

import sys

from studies.command.front import main

if __name__ == "__main__":
    sys.exit(main())
