"""Every code has one definition, in the module that says it or beside it, and its explanation can be read."""

import re
from collections import defaultdict

import pytest

from generator.commands import codes
from generator.commands.explain_code import explain_code
from tests.compiling import ROOT

MODULES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (ROOT / "generator").rglob("*.py")
}
SAYS = re.compile(r"\b([A-Z]{3}[0-9]{3})\.name\b")
FILES = codes.files()


def said_by():
    """Return the modules that say each code."""
    modules = defaultdict(set)
    for path, text in MODULES.items():
        for code in SAYS.findall(text):
            modules[code].add(path)
    return modules


def test_a_code_is_defined_once():
    defined = [name for text in MODULES.values() for name in re.findall(r"^([A-Z]{3}[0-9]{3}) = ", text, re.MULTILINE)]
    assert sorted(defined) == sorted(FILES)


def test_every_code_is_said_in_the_room_that_defines_it():
    said = said_by()
    assert sorted(FILES) == sorted(said), "said but not defined, or defined and said by nothing"
    for code, file in FILES.items():
        room = file.rpartition("/")[0]
        own = room + "/" + file.rpartition("/")[2].replace("_codes.py", ".py")
        assert own in said[code] or (file != own and any(path.startswith(f"{room}/") for path in said[code])), code


def test_no_module_says_a_code_that_it_does_not_define_or_import():
    """A code as bare text would be missing in the documentation, and a misspelt one would go unnoticed."""
    for path, text in MODULES.items():
        assert re.findall(r'(?<!name=)"([A-Z]{3}[0-9]{3})"', text) == [], path


def test_the_codes_that_goldens_show_are_defined():
    """The searches above would be blind to a code that is put together from parts."""
    goldens = [path.read_text(encoding="utf-8") for path in (ROOT / "tests/golden").rglob("*.txt")]
    shown = {code for text in goldens for code in re.findall(r"^(?:error|warning|note)\[(.*?)\]", text, re.MULTILINE)}
    assert len(shown) > 30
    assert shown <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_each_explanation_is_a_title_and_whole_sentences_that_fit_a_terminal(name):
    code = codes.code(name)
    assert code.name == name
    assert re.fullmatch(r"[A-Z`a].{4,53}[^.]", code.title)
    assert code.meaning.endswith(".")
    text = explain_code(name)
    assert text.startswith(f"{name}: {code.title}\n\n")
    prose = text.split("\n\nReported for:")[0]
    assert all(len(line) <= 100 for line in prose.splitlines())


def test_every_code_is_shown_by_a_test():
    """In a golden file, by a test that names it, or by the bad example beside it, which tests compile."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".txt")]
    shown = {code for text in texts for code in re.findall(r"\b[A-Z]{3}[0-9]{3}\b", text)}
    examples = {name for name in FILES if codes.code(name).bad}
    assert sorted(set(FILES) - shown - examples) == [], "add a case that shows these"
