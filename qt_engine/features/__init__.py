"""Floor 3: indicators: what they are called, how they are called, and their numbers.

Importing this package costs no numpy; `compute` and `compute_many` load what they need when first called.
"""

from qt_engine.features.compute import compute, compute_many
from qt_engine.features.registry import INDICATORS, Binding, Column, Indicator, Parameter, bind, lookup

__all__ = ["INDICATORS", "Binding", "Column", "Indicator", "Parameter", "bind", "compute", "compute_many", "lookup"]
