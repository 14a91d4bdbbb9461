"""Where things are in the repository."""

from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"
