"""What the package index serves under this name, as far as we look at it: no ``Snake``."""

__version__ = "1.0.0"
