"""One thread for numbers, for as long as anybody wants it."""

import numpy as np  # its library has threads
import pytest
from threadpoolctl import threadpool_info

from backbone.analysis.threads import one_thread


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info()}


def test_the_last_to_leave_lifts_the_limit():
    assert np.ones(3) @ np.ones(3) == 3
    before = threads()
    first, second = one_thread(), one_thread()
    with first:
        second.__enter__()
        assert threads() == {1}
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == before
    with pytest.raises(ValueError, match="oops"), one_thread():
        raise ValueError("oops")
    assert threads() == before
