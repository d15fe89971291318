"""A master's address: what it says, and whether anybody is there."""

import os
import socket
import time

import pytest

from backbone.engines.spark.masters import Master, reach
from backbone.errors import EngineUnavailable


@pytest.mark.parametrize(
    ("text", "kind", "hosts"),
    [
        ("spark://h:1", "standalone", (("h", 1),)),
        ("spark://h", "standalone", (("h", 7077),)),
        ("spark://a:1,b:2", "standalone", (("a", 1), ("b", 2))),
        ("yarn", "yarn", ()),
        ("k8s://https://h:6443", "kubernetes", (("h", 6443),)),
        ("k8s://h", "kubernetes", (("h", 443),)),
        ("k8s://http://h", "kubernetes", (("h", 80),)),
        ("sc://h", "connect", (("h", 15002),)),
        ("sc://h:1/;token=x", "connect", (("h", 1),)),
        ("sc://[::1]:9", "connect", (("::1", 9),)),
    ],
)
def test_addresses(text, kind, hosts):
    found = Master.parse(text)
    assert (found.kind, found.hosts, found.threads) == (kind, hosts, None)


@pytest.mark.parametrize(
    ("text", "threads"),
    [("local", 1), ("local[3]", 3), ("local[2, 4]", 2), ("local[*]", os.cpu_count())],
)
def test_local_masters_tell_their_threads(text, threads):
    found = Master.parse(text)
    assert (found.threads, found.in_process, found.here) == (threads, True, True)


@pytest.mark.parametrize("text", ["", "mesos://h", "local[x]", "h:7077", "spark://"])
def test_what_is_no_address(text):
    with pytest.raises(EngineUnavailable, match="is no master of Spark"):
        Master.parse(text)


@pytest.mark.parametrize("text", ["spark://:1", "sc://h:port", "spark://a:1,:2"])
def test_what_names_no_host(text):
    with pytest.raises(EngineUnavailable, match="names no host and port"):
        Master.parse(text)


def test_what_may_be_a_secret_is_not_shown():
    assert str(Master.parse("sc://h:1/;token=secret;use_ssl=true")) == "sc://h:1"


def test_a_master_under_a_name_of_the_loopback_is_here():
    assert Master.parse("spark://127.0.0.1:1").here
    assert Master.parse("spark://localhost:1").here
    assert not Master.parse("spark://localhost:1,elsewhere:2").here
    assert not Master.parse("yarn").here


def call(text, environ=None):
    reach(Master.parse(text), deadline=time.monotonic() + 5, environ=environ or {})


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_somebody_who_listens_is_reached(port):
    call(f"spark://127.0.0.1:{port}")
    call(f"sc://127.0.0.1:{port}")


def test_one_master_of_several_is_enough(port):
    call(f"spark://no-such-host.invalid:1,127.0.0.1:{port}")


def test_there_is_no_such_host():
    with pytest.raises(EngineUnavailable) as caught:
        call("spark://no-such-host.invalid:7077")
    assert caught.value.what == (
        "Spark is not at spark://no-such-host.invalid:7077: "
        "there is no host `no-such-host.invalid`"
    )


def test_a_refused_port(port):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        refused = closed.getsockname()[1]
        with pytest.raises(EngineUnavailable, match="refused the connection"):
            call(f"sc://127.0.0.1:{refused}")


def test_yarn_needs_the_configuration_of_its_cluster():
    with pytest.raises(EngineUnavailable, match="neither HADOOP_CONF_DIR nor YARN"):
        call("yarn")
    call("yarn", {"YARN_CONF_DIR": "/etc/hadoop"})


def test_local_is_always_there():
    call("local[*]")
