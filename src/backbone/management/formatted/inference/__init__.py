"""What files nobody declared could be: choices, each with its evidence.

`datasets_in` tells which files are of one dataset; `proposed` proposes the declaration of
the table that these become. Nothing is read here but through what was observed.
"""

from backbone.management.formatted.inference.datasets import datasets_in
from backbone.management.formatted.inference.tables import Proposal, proposed

__all__ = ["Proposal", "datasets_in", "proposed"]
