"""A project's own copy of a packaged template goes on to work when the packaged one changes."""

from tests.compiling import ROOT, SMALL, compiled, edited

OLDER = """<% if business %>

time_intervals:
  - name: business-hours
    time_intervals:
      - weekdays: [<< business >>]
        times:
          - start_time: '<< hours.start | clock >>'
            end_time: '<< hours.end | clock >>'
        location: << timezone | scalar >>
<% endif %>
"""
"""How the packaged template wrote the hours of the one calendar that a policy had."""


def test_a_copy_of_the_template_from_before_teams_had_calendars_still_renders(tmp_path):
    name = "alertmanager/alertmanager.yml.j2"
    own = tmp_path / name
    own.parent.mkdir()
    packaged = (ROOT / "templates" / name).read_text(encoding="utf-8")
    own.write_text(packaged[: packaged.index("<% if intervals %>")] + OLDER)
    text = edited(
        SMALL,
        ("acknowledge: 24h\n", "acknowledge: 5d\n"),
        ("notify: [room]\n    urgency: low\n", "notify: [page, room]\n    hours: business\n"),
    )
    before, after = (
        next(one.text for one in compiled(text, folder).artifacts if one.path == "alertmanager/alertmanager.yml")
        for folder in (None, tmp_path)
    )
    assert "business-hours" in before
    assert after == before
