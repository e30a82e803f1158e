"""docs/security.md names a test for each promise, and each of them is there."""

import re

from tests.compiling import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.*?) \| (`tests/.*?) \|$", PAGE, re.MULTILINE)


def test_each_promise_names_tests_that_are_there():
    assert len(ROWS) > 10
    for promise, held in ROWS:
        for name in re.findall(r"`(.*?)`", held):
            path, _, test = name.partition("::")
            text = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^def {test or 'test_'}", text, re.MULTILINE), f"{promise}: {name}"


def test_no_promise_is_without_a_test():
    table = PAGE.partition("## What holds")[2].partition("\n## ")[0]
    promises = [line for line in table.splitlines() if line.startswith("| ") and "held by" not in line]
    assert len(promises) == len(ROWS)
