"""In which precision a recipe is computed, and on which device: decided once, before the training, and recorded."""

from contextlib import AbstractContextManager, nullcontext

import torch

from cnnzoo.mistake import Mistake
from cnnzoo.recipe import Recipe

# The networks whose arithmetic is too little to pay for the casts: measured, bf16 makes them no faster than fp32.
TOO_SMALL_FOR_BF16 = ("lenet", "lenet_1998", "lenet_b")
_CPU_UNITS_FOR_BF16 = ("avx512_bf16", "amx_bf16", "bf16")  # as torch.cpu names them; the last one is Arm's


def choose_device(device: torch.device | str | None = None) -> torch.device:
    """The device that was asked for, else the first GPU, else the CPU."""
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise Mistake(f"device {device}: torch sees no GPU here; leave it out to use the CPU.")
    if chosen.type == "cuda" and chosen.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return chosen


def settle(recipe: Recipe, device: torch.device | str | None = None) -> Recipe:
    """The recipe as it will be trained: every default filled in, and the precision decided if it was "auto".

    "auto" is bf16 where the device has units for it and the network is large enough to gain, else fp32: a rule and no
    timing, so that all trials on one kind of machine are computed alike. "bf16" itself is always granted,
    also to a CPU that has to emulate it and is slower for it.
    """
    resolved = recipe.resolved()
    if resolved.precision != "auto":
        return resolved
    worth_it = recipe.model not in TOO_SMALL_FOR_BF16 and has_bf16(choose_device(device))
    return resolved.replace(precision="bf16" if worth_it else "fp32")


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16 itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # An old torch does not tell: fp32 there.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit, False) for unit in _CPU_UNITS_FOR_BF16)


def casting(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context to run the forward pass in."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def set_up_gpu() -> None:
    """Let fp32 be fp32 on a GPU too (cuDNN would take TF32 unasked), and let cuDNN time its algorithms once a shape."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
