"""The version of numpygan."""

__version__ = "0.1.0"
