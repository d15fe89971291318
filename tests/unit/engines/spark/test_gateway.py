"""What Spark's Java process is given, and what is made of what it says."""

import pytest

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

from backbone.engines.spark.gateway import Jvm, _as_properties


def test_properties_are_spelt_as_java_reads_them():
    text = _as_properties({"spark.a": "b=c:d e", "spark.x y": "C:\\n\n#é\U0001f600"})
    assert text == (
        "spark.a=b\\=c\\:d\\ e\nspark.x\\ y=C\\:\\\\n\\u000a\\#\\u00e9\\ud83d\\ude00\n"
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", ""),
        ("WARNING: Using incubator modules: x\n26/01/01 10:00:00 WARN NativeCodeLoader: no", ""),
        (("Invalid maximum heap size: -Xmxlots\nError: Could not create the Java Virtual Machine.\n"
         "Error: A fatal exception has occurred. Program will exit."),
         "Invalid maximum heap size: -Xmxlots"),
        (("26/01/01 10:00:00 WARN Client: slow\n"
         "org.apache.spark.SparkException: [CODE.SUB] Too little: 1\n\tat a.b(C.java:1)\n"),
         "Too little: 1"),
        ("26/01/01 10:00:00 ERROR Master: All masters are unresponsive! Giving up.",
         "All masters are unresponsive! Giving up."),
    ],
)  # fmt: skip
def test_the_line_that_tells_most(said, words):
    class Speaking(Jvm):
        def __init__(self):
            pass

        def said(self):
            return said

    assert Speaking().last_words() == words
