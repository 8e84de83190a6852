"""The report of a run: a page, the same as data, and its figures."""

from .write import write_report

__all__ = ["write_report"]
