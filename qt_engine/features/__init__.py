"""Floor 3: indicators, signals, registered features and labels: what they are called, and their numbers.

Importing this package costs no numpy; `compute` and `compute_many` load what they need when first called.
"""

from qt_engine.features.compute import compute, compute_many
from qt_engine.features.feature import Feature, Label, Use, use
from qt_engine.features.registration import feature, label
from qt_engine.features.registry import INDICATORS, Binding, Column, Indicator, Parameter, bind, lookup

__all__ = [
    "INDICATORS",
    "Binding",
    "Column",
    "Feature",
    "Indicator",
    "Label",
    "Parameter",
    "Use",
    "bind",
    "compute",
    "compute_many",
    "feature",
    "label",
    "lookup",
    "use",
]
