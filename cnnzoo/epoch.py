"""What is known of one epoch of a training."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch came to. The training figures are those of its steps, with dropout and augmentation at work."""

    number: int  # from 1
    train_loss: float  # of the main head, without the L1 penalty
    train_acc1: float  # percent
    train_acc5: float  # percent; NaN with five classes or fewer
    val_loss: float  # NaN without a validation split, as are the accuracies
    val_acc1: float
    val_acc5: float
    lr: float  # of the last step
    images_per_second: float  # of the training steps
    seconds: float  # the three below together; writing the checkpoint is in none of them
    seconds_data: float
    seconds_compute: float  # on a GPU the device is waited for at the end of the epoch, and that is counted here
    seconds_evaluation: float
    step_losses: tuple[float, ...] = ()
    looks: tuple[tuple[float, ...], ...] = ()  # along the gradient, where the recipe asks for it: see landscape.Look
