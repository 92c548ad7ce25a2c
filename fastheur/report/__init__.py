"""The report of a run or of many: a folder of static pages that opens without a server and without a network."""

from fastheur.report.site import write_report

__all__ = ["write_report"]
