"""Where market data comes from. `Provider` explains the protocol; `qt_engine.testing.providers` tests an implementation."""

from qt_engine.data.parsed import Parsed
from qt_engine.data.providers._base import Provider, Source
from qt_engine.data.providers._files import FileProvider
from qt_engine.data.providers._sample import SampleProvider

__all__ = ["FileProvider", "Parsed", "Provider", "SampleProvider", "Source"]
