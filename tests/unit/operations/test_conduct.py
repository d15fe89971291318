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


def test_an_interrupt_that_wakes_nobody_is_noticed_while_the_work_goes_on():
    stopped, ended = threading.Event(), []

    def work():
        signal.raise_signal(signal.SIGINT)  # to this thread: the main thread sleeps on
        ended.append(stopped.wait(30))

    with pytest.raises(KeyboardInterrupt):
        conduct(work, stop=stopped.set)
    assert ended == [True]


@pytest.mark.parametrize("fails", [False, True])
def test_an_interrupt_as_the_work_ends_waits_for_nothing(fails):
    stopped = []

    def work():
        signal.raise_signal(signal.SIGINT)
        if fails:
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        conduct(work, stop=lambda: stopped.append(True))
    assert stopped == [True]


def test_an_interrupt_before_the_work_begins_is_raised(monkeypatch):
    ran = []

    def never(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("backbone.operations.conduct.start_new_thread", never)
    monkeypatch.setattr("backbone.operations.conduct._STARTED_WITHIN_S", 0)
    with pytest.raises(KeyboardInterrupt):
        conduct(lambda: ran.append(True))
    assert ran == []
