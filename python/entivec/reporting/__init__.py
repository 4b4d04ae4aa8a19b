"""The self-contained report; called reporting since ``entivec.report`` is the function."""

from entivec.reporting.report import Report, report

__all__ = ["Report", "report"]
