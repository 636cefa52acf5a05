import pytest


@pytest.fixture(autouse=True)
def _hints_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the front door says of itself ends with the test."""
    monkeypatch.setenv("CNN_STUDIES_TYPED", "forgotten afterwards")
    monkeypatch.delenv("CNN_STUDIES_TYPED")
