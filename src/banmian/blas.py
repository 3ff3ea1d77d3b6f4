"""One thread for products of small matrices.

The networks here multiply matrices that fit a processor's cache. A second thread of the linear
algebra library gains nothing on them, and where another program has the other core, the two wait for
each other at every product: on two busy cores, tagging took five times as long.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """A context in which numpy multiplies matrices in one thread; behind it all is as it was."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
