"""Which Java Spark would take, and whether Spark runs on it: told in one line."""

import pytest

from backbone.engines.spark import java
from backbone.engines.spark.java import find_java
from backbone.errors import EngineUnavailable

SAYS = """#!/bin/sh
echo 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g' >&2
echo 'openjdk version "{version}" 2026-04-21 LTS' >&2
echo 'OpenJDK Runtime Environment (build {version}+9)' >&2
"""


def script(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "java"
    path.write_text(text)
    path.chmod(0o755)
    return path


def in_path(tmp_path, version):
    path = script(tmp_path / "bin", SAYS.format(version=version))
    return {"PATH": f"{path.parent}:/usr/bin:/bin"}


def refusal(environ):
    with pytest.raises(EngineUnavailable) as caught:
        find_java(environ)
    assert "\n" not in caught.value.what
    assert "Install Java 17 or 21" in caught.value.hint
    return caught.value.what


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("17.0.15", (17, 0, 15)),
        ("21", (21,)),
        ("21.0.5.1", (21, 0, 5, 1)),
        ("25.0.3", (25, 0, 3)),
        ("17-ea", (17,)),
    ],
)
def test_a_java_that_spark_runs_on(tmp_path, version, numbers):
    environ = in_path(tmp_path, version)
    found = find_java(environ)
    assert found.version == numbers
    assert found.path == tmp_path / "bin" / "java"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.8.0_402", "Java 8.0.402 ({path}) is too old for Spark, which runs on Java 17, 21 or 25"),
        ("11.0.2", "Java 11.0.2 ({path}) is too old for Spark, which runs on Java 17, 21 or 25"),
        ("19.0.1", "Java 19.0.1 ({path}) is not one for Spark, which runs on Java 17, 21 or 25"),
        ("26-ea", "Java 26 ({path}) is too new for Spark, which runs on Java 17, 21 or 25"),
        ("25.0.2", "Java 25.0.2 ({path}) can corrupt data of Spark; 25.0.3 or later does not"),
    ],
)  # fmt: skip
def test_a_java_that_spark_does_not_run_on(tmp_path, version, said):
    environ = in_path(tmp_path, version)
    assert refusal(environ) == said.format(path=tmp_path / "bin" / "java")


def test_java_home_comes_before_the_path(tmp_path):
    script(tmp_path / "home" / "bin", SAYS.format(version="21.0.1"))
    environ = {**in_path(tmp_path, "17.0.1"), "JAVA_HOME": str(tmp_path / "home")}
    assert find_java(environ).version == (21, 0, 1)


def test_a_java_home_without_java(tmp_path):
    environ = {**in_path(tmp_path, "17.0.1"), "JAVA_HOME": str(tmp_path / "nothing")}
    said = refusal(environ)
    assert said.startswith(f"JAVA_HOME is {tmp_path}/nothing, and there is no Java at")


def test_an_empty_java_home_is_none(tmp_path):
    environ = {**in_path(tmp_path, "17.0.1"), "JAVA_HOME": ""}
    assert find_java(environ).version == (17, 0, 1)


def test_no_java_at_all(tmp_path):
    said = refusal({"PATH": str(tmp_path)})
    assert said == "Spark needs Java, and there is none: neither JAVA_HOME nor in PATH"


def test_a_java_that_does_not_run(tmp_path):
    script(tmp_path, "#!/bin/sh\necho 'Unable to locate a Java Runtime.' >&2\nexit 1\n")
    said = refusal({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert said == f"{tmp_path}/java does not run: Unable to locate a Java Runtime."


def test_a_java_that_cannot_be_run(tmp_path):
    (tmp_path / "java").write_text("no program")
    (tmp_path / "java").chmod(0o755)
    assert "cannot be run: Exec format error" in refusal({"PATH": str(tmp_path)})


def test_a_java_that_says_something_else(tmp_path):
    script(tmp_path, "#!/bin/sh\necho hello\n")
    said = refusal({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert said == f"`{tmp_path}/java -version` does not tell a version of Java"


def test_a_java_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(java, "_TIMEOUT_S", 0.3)
    script(tmp_path, "#!/bin/sh\nexec sleep 20\n")
    said = refusal({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert said == f"`{tmp_path}/java -version` did not end in 0 s"
