"""Where the parts of a run's report lie, seen from the run's own page."""

PER_PAGE = 100
"""Versions on one page."""


def number_of(version: int) -> int:
    """Return the number of the page that a version stands on, from 1."""
    return (version - 1) // PER_PAGE + 1


def page_name(number: int) -> str:
    """Return the file name of a page of versions."""
    return f"{number:04d}.html"


def name_of(version: int, here: int) -> str:
    """Return the file name of a version's page for a link from page ``here``: nothing where it is the same one."""
    number = number_of(version)
    return "" if number == here else page_name(number)


def page_of(version: int) -> str:
    """Return the address of a version."""
    return f"versions/{page_name(number_of(version))}#v{version}"
