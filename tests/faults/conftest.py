"""What the tests of the engine have: an undisturbed study to compare with, and a process that starts further ones quickly."""

from tests.engine.conftest import copy, undisturbed, warm

__all__ = ["copy", "undisturbed", "warm"]
