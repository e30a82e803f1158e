"""The codes of what `load` refuses."""

from __future__ import annotations

from generator.diagnostics.code import Code

POL210 = Code(
    name="POL210",
    title="Date does not exist",
    meaning="The calendar has no such day, or its year is out of range. Write a date such as 2026-01-05.",
)

POL212 = Code(
    name="POL212",
    title="Business hours end before they begin",
    meaning="Business hours lie within one day. Write the earlier time first.",
)

POL213 = Code(
    name="POL213",
    title="Sprint is not a number of whole days",
    meaning="A sprint is counted in whole days. Write for example `14d`.",
)

POL214 = Code(
    name="POL214",
    title="Turn length outside of PagerDuty's limits",
    meaning="A turn of a schedule lasts between 1h and 365d. Write a length in that range.",
)

POL220 = Code(
    name="POL220",
    title="Channel without a kind, or with several",
    meaning="A channel is of exactly one kind, such as `slack`.",
)

POL221 = Code(
    name="POL221",
    title="Webhook channel for the public",
    meaning="A webhook carries every label and annotation of an alert. Use Slack or e-mail for a public audience.",
)

POL222 = Code(
    name="POL222",
    title="Duty without a clear schedule",
    meaning="A duty has either `during` and `every`, or `after`, `within` and `of`.",
)

POL223 = Code(
    name="POL223",
    title="Alert without a service, or with both keys",
    meaning="An alert names exactly one of `service` and `each`.",
)

POL224 = Code(
    name="POL224",
    title="Test must expect exactly one thing",
    meaning="A test has either `fires_at` or `silent_until`. Write two tests.",
)

POL255 = Code(
    name="POL255",
    title="Acceptance names not one thing",
    meaning="An acceptance has either `weaker` (changes), or `findings` with `of` (codes, and entries in which they "
    "are). Write two acceptances.",
)

POL286 = Code(
    name="POL286",
    title="Alert of others without a clear end",
    meaning="An entry of `others` says of which severity an alert is, whatever its labels say, or which channels are "
    "told of it. Write one of `severity` and `notify`.",
)
