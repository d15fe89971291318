from __future__ import annotations

import signal
import threading

import pytest

from backbone.operations.conduct import conduct


def test_what_work_returns_or_raises_comes_back():
    assert conduct(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        conduct(lambda: 1 // 0)


def test_an_interrupt_is_raised_when_the_work_has_ended():
    stopped, ended = threading.Event(), []

    def work():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        ended.append(stopped.wait(10))

    with pytest.raises(KeyboardInterrupt):
        conduct(work, stop=stopped.set)
    assert ended == [True]
