"""The codes of `unit_tests`."""

from __future__ import annotations

from generator.diagnostics.code import Code

PRM610 = Code(
    name="PRM610",
    title="Alert does not fire in its test",
    meaning="With the series of the test the alert does not fire at that time. Correct the test or the expression.",
)

PRM611 = Code(
    name="PRM611",
    title="Alert fires where its test expects silence",
    meaning="The series of the test make the alert fire in the meantime. Correct the test or the expression.",
)

PRM612 = Code(
    name="PRM612",
    title="Alert fires with other labels",
    meaning="The alert fires, but with other labels than the test expects. Correct `labels` of the test, or "
    "the labels that the expression keeps.",
)

PRM613 = Code(
    name="PRM613",
    title="Alert fires with another text",
    meaning="The text is not the one that the test expects. Correct `says` of the test, or the summary.",
)

PRM614 = Code(
    name="PRM614",
    title="Several alerts fire in a test",
    meaning="The series of the test raise several alerts, but a test expects one. Keep only the series of one alert.",
)

PRM615 = Code(
    name="PRM615",
    title="Series of a test cannot be parsed",
    meaning='Write series as `metric{label="value"}` and values as `1x10`.',
)

PRM616 = Code(
    name="PRM616",
    title="Test file names no existing rules",
    meaning="The test refers to rule files that do not exist, so it proves nothing. Correct the template of the tests.",
)

PRM618 = Code(
    name="PRM618",
    title="Expression in a test cannot be evaluated",
    meaning="A test evaluates an expression that fails. Compare your template with the packaged one.",
)

PRM619 = Code(
    name="PRM619",
    title="Text of an alert cannot be expanded",
    meaning="With the series of the test Prometheus cannot expand a text, and whoever is paged reads `<error expanding "
    "template ...>`. Correct the text, or guard it: `{{ with query ... }}...{{ end }}`.",
)

PRM699 = Code(
    name="PRM699",
    title="Unrecognised complaint of promtool",
    meaning="promtool reports something that alertc does not recognise; its own words are shown.",
)
