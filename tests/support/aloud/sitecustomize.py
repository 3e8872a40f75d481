"""As `watch`, and every library is told to log all it does: what a desperate user puts into his environment."""

from __future__ import annotations

import logging
import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[1] / "watch" / "sitecustomize.py"))
logging.basicConfig(level=logging.NOTSET)
