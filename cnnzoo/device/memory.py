"""Keep the memory of one step for the next, instead of handing it back to the kernel."""

import ctypes
import functools
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # the names mallopt(3) has for them: M_TRIM_THRESHOLD, M_MMAP_MAX


@functools.cache
def keep_freed_memory() -> None:
    """Tell glibc, once a process, to serve large tensors from its heap and never to shrink it.

    By default every tensor of some MB is fresh memory from the kernel and goes back when it is freed: tens of thousands
    of page faults a step. The process keeps its peak; that is what the next step needs anyway.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, -1)
