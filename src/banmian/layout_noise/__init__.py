"""Pages of known truth: clean articles wrecked as extraction from newspaper pages wrecks them.

Training and test data for the cleaning. ``pages`` is where to begin; ``fit`` holds simulated pages
against real ones.
"""

from banmian.layout_noise.pages import Written, draw_articles, wreck
from banmian.layout_noise.settings import Settings

__all__ = ["Settings", "Written", "draw_articles", "wreck"]
