"""The report in a real browser: whole without a network, on a desk, on a phone and on paper."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.chromium import WIDTHS
from support.looks import BELOW_CONTRAST, CUT_OFF
from support.reported import facts

from pipeline.core.months import SERVICES
from pipeline.report.page import page as page_of
from pipeline.report.page import write

SHOWN = facts()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("report") / "report.html", page_of(SHOWN))


@pytest.fixture
def opened(browser: Browser, path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page from its file, at a width and in a colour scheme; it asks for nothing else."""
    width, scheme = getattr(request, "param", ("desktop", "light"))
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size, color_scheme=scheme)
    asked, told = [], []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(path.as_uri())
    yield page
    assert asked == [path.as_uri()]
    assert told == []
    context.close()


AT = pytest.mark.parametrize(
    "opened", [("desktop", "light"), ("phone", "light")], indirect=True, ids=[*WIDTHS]
)


@AT
def test_the_whole_page_is_seen_without_a_request(opened, shots, request):
    opened.screenshot(path=shots / f"report-{request.node.callspec.id}.png", full_page=True)
    assert opened.get_by_role("heading", level=1).inner_text() == (
        "584 of 589 published months are in BigQuery."
    )
    for name in (
        "To be done",
        "Coverage",
        "Rows and bytes",
        "Quality",
        "Stage durations",
        "Last runs",
    ):
        assert opened.get_by_role("heading", level=2, name=name).is_visible()


@AT
def test_every_month_has_a_cell_that_says_its_verdict(opened):
    for service in SERVICES:
        grid = opened.get_by_role("table", name=f"{service}: what each month is in BigQuery")
        months = [month for month in SHOWN.months if month.service == service]
        assert grid.get_by_role("link").count() == len(months)
    marks = {kind: opened.locator(f".grid .{kind}").count()
             for kind in ("DONE", "STALE", "MISSING", "FAILED", "NOT_PUBLISHED")}  # fmt: skip
    assert marks == {"DONE": 584, "STALE": 1, "MISSING": 3, "FAILED": 1, "NOT_PUBLISHED": 1}


def test_no_verdict_is_told_by_colour_alone(opened):
    shapes = {
        name: opened.locator(f".legend .{name}").evaluate(
            "mark => [getComputedStyle(mark, '::before').content,"
            " getComputedStyle(mark).backgroundColor === 'rgba(0, 0, 0, 0)',"
            " getComputedStyle(mark).borderTopStyle].join()"
        )
        for name in ("DONE", "STALE", "MISSING", "FAILED", "NOT_PUBLISHED")
    }
    assert len({*shapes.values()}) == 5, shapes


@AT
def test_a_cell_leads_to_the_numbers_of_its_month(opened):
    row = opened.locator("#yellow_tripdata_2021-01")
    assert not row.is_visible()
    opened.locator("a[href='#yellow_tripdata_2021-01']").click()
    row.wait_for(state="visible")
    assert re.match(r"2021-01\s+done\s+(rows\s*)?1,369,769", row.inner_text())


def test_the_drawings_tell_their_totals_to_who_cannot_see_them(opened):
    rows = opened.get_by_role("img", name=re.compile("yellow: rows of each month; .* bn in all"))
    sizes = opened.get_by_role("img", name=re.compile("green: bytes of each month; .* GB in all"))
    assert rows.count() == sizes.count() == 1
    assert opened.get_by_role("img").count() == 2 * len(SERVICES)


def test_nothing_is_cut_off_nor_scrolls_sideways_in_any_window(opened):
    opened.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    for width in (320, 390, 660, 820, 940, 1100):
        opened.set_viewport_size({"width": width, "height": 844})
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        assert (width, opened.evaluate(CUT_OFF)) == (width, [])


@pytest.mark.parametrize(
    "opened", [("desktop", "light"), ("desktop", "dark")], indirect=True, ids=["light", "dark"]
)
def test_every_text_stands_out_from_what_is_behind_it(opened, shots, request):
    opened.screenshot(path=shots / f"report-{request.node.callspec.id}.png", full_page=True)
    assert opened.evaluate(BELOW_CONTRAST) == []


@pytest.mark.parametrize("opened", [("desktop", "dark")], indirect=True, ids=["dark"])
def test_on_paper_it_is_dark_on_white_with_its_marks_and_without_what_leads_nowhere(opened, shots):
    (shots / "report.pdf").write_bytes(printed := opened.pdf(format="A4"))
    assert printed.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4
    opened.emulate_media(media="print", color_scheme="dark")
    opened.screenshot(path=shots / "report-print.png", full_page=True)
    assert (
        opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert opened.evaluate(BELOW_CONTRAST) == []
    mark = opened.locator(".grid .DONE").first
    assert mark.evaluate("mark => getComputedStyle(mark).printColorAdjust") == "exact"
    assert not opened.get_by_role("navigation").is_visible()
    assert not opened.locator("#months").is_visible()
    assert opened.get_by_role("heading", name="Coverage").is_visible()
