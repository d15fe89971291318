"""Desbordante's verifier, in a process of a Python that has it: does the rule hold?

``python desbordantes.py TABLE.csv RULE``: no other module of Backbone is needed.
"""

import json
import sys
import time

from desbordante import dc_verification

table, rule = sys.argv[1:]
start = time.perf_counter()
verifier = dc_verification.algorithms.Default()
verifier.load_data(table=(table, ",", True))
loaded = time.perf_counter()
verifier.execute(denial_constraint=rule)
done = time.perf_counter()
print(
    json.dumps(
        {"load_s": loaded - start, "s": done - loaded, "holds": verifier.dc_holds()}
    )
)
