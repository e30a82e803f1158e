"""The table of codes explains every code that alertc can say, and no other."""

import re

from generator.checks.codes import CODES
from tests.compiling import ROOT

SAID = re.compile(r'"([A-Z]{3}[0-9]{3})"')


def said():
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "generator").rglob("*.py") if path.name != "codes.py")
    return {code for text in texts for code in SAID.findall(text)}


def test_every_code_that_is_said_is_explained_and_nothing_else():
    assert sorted(said() - CODES.keys()) == [], "explain these in generator/checks/codes.py"
    assert sorted(CODES.keys() - said()) == [], "nothing says these any more"


def test_codes_are_found_where_they_are_written():
    """The search above would be blind to a code that is put together from parts."""
    goldens = [path.read_text(encoding="utf-8") for path in (ROOT / "tests/golden").rglob("*.txt")]
    shown = {code for text in goldens for code in re.findall(r"^(?:error|warning|note)\[(.*?)\]", text, re.MULTILINE)}
    assert len(shown) > 30
    assert shown <= said()


def test_each_explanation_is_a_title_and_whole_sentences():
    for code, explained in CODES.items():
        assert re.fullmatch(r"[A-Za-z].{4,48}[^.]", explained.title), code
        assert explained.meaning.endswith("."), code


def test_every_code_is_shown_by_a_test():
    """In a golden file, by a test that names it, or by the bad example beside it, which tests compile."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".txt")]
    shown = {code for text in texts for code in re.findall(r"\b[A-Z]{3}[0-9]{3}\b", text)}
    examples = {code for code, explained in CODES.items() if explained.bad}
    assert sorted(CODES.keys() - shown - examples) == [], "add a case that shows these"
