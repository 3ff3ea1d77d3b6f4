"""banmian (版面, the newspaper page): from pages of Chinese local newspapers to data."""

__version__ = "0.1.0"
