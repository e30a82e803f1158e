"""The codes of what `premises` finds in running servers."""

from __future__ import annotations

from generator.diagnostics.code import Code

LIV801 = Code(
    name="LIV801",
    title="Server is older than declared",
    meaning="A server runs an older version than the one for which the files were written and proven. Upgrade "
    "it, or write its version into `stack`.",
)

LIV802 = Code(
    name="LIV802",
    title="Server setting differs from the policy",
    meaning="A sum depends on an interval, a time-out or a flag that a server has set differently. It is an "
    "error where this breaks a promise, else a warning. Configure the server as `stack` says, or write "
    "into `stack` what runs.",
)

LIV808 = Code(
    name="LIV808",
    title="Number of Alertmanagers differs",
    meaning="Surviving the loss of an Alertmanager requires that each Prometheus sends to all of them and that "
    "all are members of one cluster. Name all of them, or write their number into `stack`.",
)

LIV813 = Code(
    name="LIV813",
    title="Clock is wrong",
    meaning="The clock of a server differs from ours by more than five seconds. Synchronise both with a time server.",
)

LIV814 = Code(
    name="LIV814",
    title="Job is not scraped",
    meaning="Alerts read a job for which Prometheus has no targets, so they never fire. Add the job.",
)
