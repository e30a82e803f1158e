"""The report in a real Chromium: by keyboard, on a phone, on paper, in the dark, and to axe-core.

Where there is no Chromium these tests are skipped, which the summary says; ALERTC_PAGE_TESTS=required makes that fail.
"""

import itertools
import json
import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.compiling import EXCHANGE, ROOT, edited
from tests.projects import alertc
from tests.report.test_page import DRILL, LINK

CHROMIUM = os.environ.get("ALERTC_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, SCREEN = {"width": 360, "height": 800}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        why = "no Chromium here, so the tests of the report's page were not run (apt-get install chromium)"
        if os.environ.get("ALERTC_PAGE_TESTS") == "required":
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):

    folder = tmp_path_factory.mktemp("report")
    (folder / "drill.json").write_text(json.dumps(DRILL), encoding="utf-8")
    old = edited(EXCHANGE, ("rotation: [fay, gus]", "rotation: [fay, gus, hana]"))
    (folder / "old.yaml").write_text(old, encoding="utf-8")
    more = ("--drill", str(folder / "drill.json"), "--against", str(folder / "old.yaml"), "--link", LINK)
    ran = alertc(ROOT, "report", "--from", "2026-11-23", "--output", str(folder / "report.html"), *more)
    assert (ran.returncode, ran.stderr) == (0, "")
    return (folder / "report.html").as_uri()


@pytest.fixture
def opened(browser, address):
    """Opens the page as a context of Playwright is asked for, and closes it."""
    contexts = []

    def opened(**options):
        context = browser.new_context(**{"viewport": SCREEN, **options})
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_asked_for_and_nothing_goes_wrong(browser, address, scheme):
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address, wait_until="networkidle")
        unfold(page)
        page.fill("#words", "ledger")
        page.emulate_media(media="print")
        assert (said, asked) == ([], [address])


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(SCREEN, "light", id="screen-light"),
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(SCREEN, "dark", id="screen-dark", marks=pytest.mark.thorough),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.thorough),
    ],
)
def test_axe_finds_nothing(opened, scheme, viewport):
    # axe-core is a script of its own, which the page's policy does not let in.
    page = opened(color_scheme=scheme, viewport=viewport, bypass_csp=True)
    unfold(page)
    found = Axe().run(page).response
    assert len(found["passes"]) > 20
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []


def test_the_tab_key_goes_through_the_page_in_its_order(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the promise"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0"), "the skip link is seen"
    page.evaluate("window.place = one => [...document.querySelectorAll('*')].indexOf(one)")
    places, labels = [0], []
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        places.append(page.evaluate("place(document.activeElement)"))
        labels.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"nobody sees where the focus is: {labels[-1]}"
    assert places == sorted(places)
    # What scrolls is reached, so that its other end is.
    shown = "[...document.querySelectorAll('.scroll')].filter(one => one.checkVisibility()).map(one => one.ariaLabel)"
    assert set(page.evaluate(shown)) <= set(labels)
    assert {"On-call calendar", "Picture of the tree of routes"} <= set(labels)


def test_the_skip_link_leads_past_the_navigation(opened):
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_wide_charts_scroll_by_keyboard(opened):
    page = opened(viewport=PHONE)
    region = page.get_by_role("region", name="On-call calendar", exact=True)
    region.focus()
    page.keyboard.press("ArrowRight")
    # It scrolls smoothly. The page's policy forbids `wait_for_function`, which evaluates text.
    scrolled = (page.evaluate("document.activeElement.scrollLeft") for _ in range(200))
    assert any(left > 0 or page.wait_for_timeout(25) for left in scrolled)


@pytest.mark.parametrize("width", [320, 360, 768])
def test_nothing_overflows_a_narrow_screen(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_light_and_dark_are_two(opened):
    colors = {
        scheme: opened(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert colors == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}


def test_on_paper_it_is_light_and_every_alert_is_there(opened):
    page = opened(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    row = page.locator("#alerts tbody tr").last
    assert row.evaluate("one => one.checkVisibility()"), "a folded group is printed too"
    assert not page.locator("nav").is_visible()
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") > 3


def test_the_filter_leaves_the_alerts_that_hold_all_words(opened):
    page = opened()
    page.get_by_label("Only alerts with these words").fill("P0 ledger")
    rows = [row for row in page.locator("#alerts tbody tr").all() if row.is_visible()]
    assert rows
    text = [row.inner_text() + row.locator("xpath=ancestor::details").inner_text() for row in rows]
    assert all("P0" in row.inner_text() for row in rows)
    assert all("ledger" in one.lower() for one in text)
    assert page.locator("#filter output").inner_text() == f"{len(rows)} alerts"
    page.get_by_label("Only alerts with these words").fill("no such alert")
    assert page.locator("#filter output").inner_text() == "0 alerts"
    assert not page.locator("#alerts details").first.is_visible()


def test_without_scripts_all_is_there(opened):
    page = opened(java_script_enabled=False)
    assert not page.locator("#filter").is_visible()
    first = page.locator("#alerts details").first
    first.locator("summary").click()
    assert first.locator("tbody tr").first.is_visible()


def test_text_is_read_by_a_screen_reader_in_its_parts(opened):
    page = opened()
    for part in ("The promise at a glance", "Who is paged when", "Which services are watched", "Alerts by service"):
        assert page.get_by_role("region", name=part, exact=True).get_by_role("heading", name=part).is_visible()
    chart = page.get_by_role("img", name="P0: ", exact=False).first
    assert chart.get_attribute("aria-label").endswith("the table below says the same")
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert all(later - sooner <= 1 for sooner, later in itertools.pairwise(levels))
