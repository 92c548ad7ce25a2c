"""What changed between two versions is shown as a diff of the lines."""

import pytest

from fastheur.comparing import unified

OLD = "a = 1\nb = 2\nc = 3\n"


@pytest.mark.parametrize("new", ["a = 1\nb = 5\nc = 3\n", "a = 1\nc = 3\n", "x\x0cy\r\nz\n", ""])
def test_the_diff_holds_both_versions(new):
    lines = unified(OLD, new, "old", "new", context=99).split("\n")[3:-1]
    assert "".join(f"{line[1:]}\n" for line in lines if line[0] in " -") == OLD
    assert "".join(f"{line[1:]}\n" for line in lines if line[0] in " +") == new


def test_a_missing_line_feed_at_the_end_is_told():
    assert unified("a\nb", "a\nc", "old", "new").count("No newline at end of file") == 2


def test_the_diff_names_both_versions_and_says_when_they_are_equal():
    assert unified(OLD, OLD + "d = 4\n", "v3", "v7").startswith("--- v3\n+++ v7\n")
    assert unified(OLD, OLD, "v3", "v7") == "v3 and v7 are the same text.\n"
