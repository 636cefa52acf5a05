"""What a recipe may call its loss. Told without torch; ``losses`` has what the names stand for."""

from cnnzoo.spelling import unknown
from cnnzoo.storage.own import is_own, own_function

LOSS_NAMES = ("cross_entropy", "smooth_l1", "bce")


def check_loss_name(name: str) -> None:
    """Refuse what is neither a loss of the zoo nor one of the user's own, ``module:function``."""
    if is_own(name):
        own_function("loss", name)
    elif name not in LOSS_NAMES:
        raise unknown("loss", name, (*LOSS_NAMES, "module:function"))
