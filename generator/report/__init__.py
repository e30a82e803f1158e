"""The report: one HTML page that shows what the policy promises and what its files do.

A module for each part of the page works out what it shows, in the order of `page.Page`; `write` puts it into the
template beside it. Like `explain`, all of it reads the Behaviour and the clock that the proof uses.
"""
