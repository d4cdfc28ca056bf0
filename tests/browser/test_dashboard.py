"""luigid's dashboard in a real browser while three months are loaded: what each is, and how far."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chromium import WIDTHS
from support.luigid import Luigid
from support.publisher import FaultyPublisher, both, drip, hold
from support.waiting import wait_until
from support.workspace import Workspace

from pipeline.core.months import TripMonth
from pipeline.normalize.task import NormalizeMonth
from pipeline.sandbox.publisher.samples import ensure_sample

MONTHS = [TripMonth("yellow", 2021, number) for number in (1, 2, 3)]
ROWS = dict(zip(MONTHS, (5_000, 40_000, 5_000), strict=True))
STAGES = ("PublishedMonth", "DownloadMonth", "NormalizeMonth", "UploadMonthToGCS", "LoadMonthToBQ")
RANGE = "service=yellow, year=2021, months=1,2,3, to=bigquery"
FONTS = "https://fonts.googleapis.com/"
"""What Luigi's own style sheet asks for, and does without."""


class Load:
    """``LoadMonths`` of three months: one is done, the second is half downloaded."""

    def __init__(self, root: Path, publisher: FaultyPublisher) -> None:
        self.place, self.luigid = Workspace(root), Luigid(root)
        self.go_on = threading.Event()
        for month in MONTHS:
            ensure_sample(month, ROWS[month], root / month.file_name)
            publisher.serve(root / month.file_name, month.file_name)
        publisher.files[MONTHS[1].file_name].always = both(drip(2), hold(0.5, self.go_on))
        self.place.variables["TLC_BASE_URL"] = publisher.url
        self.place.set("core", scheduler_port=self.luigid.port)
        self.place.set("source", timeout=300)
        options = ("--service", "yellow", "--year", 2021, "--months", "1,2,3")
        self.run = self.place.popen(*self.place.command(*options, task="LoadMonths"))

    def is_half_way(self) -> bool:
        assert self.run.poll() is None, self.run.communicate()
        task = self.task("DownloadMonth", month=2)
        return bool(task) and (task["progress_percentage"] or 0) >= 40

    def task(self, family: str, **parameters: object) -> dict[str, Any]:
        """A task as luigid has it, with its ``id``; empty where it has none yet."""
        wanted = {name: str(value) for name, value in parameters.items()}.items()
        listed = self.luigid.ask("task_list", status="", upstream_status="").items()
        found = [{**task, "id": name} for name, task in listed
                 if task["name"] == family and wanted <= task["params"].items()]  # fmt: skip
        return found[0] if found else {}

    def finish(self) -> None:
        """Let it end. Safe to call again."""
        self.go_on.set()
        _, told = self.run.communicate(timeout=120)
        assert self.run.returncode == 0, told

    def close(self) -> None:
        self.go_on.set()
        self.run.communicate(timeout=120)
        self.luigid.stop()
        self.place.close()


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Load]:
    with FaultyPublisher() as publisher:
        running = Load(tmp_path_factory.mktemp("dashboard"), publisher)
        try:
            wait_until(running.is_half_way)
            yield running
        finally:
            running.close()


@contextmanager
def opened(browser: Browser, load: Load, width: str) -> Iterator[Page]:
    """The list of tasks at a width, all on one page; only a font is asked for elsewhere."""
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size)
    elsewhere, errors = [], []
    context.route(lambda url: not url.startswith("http://127.0.0.1"),
                  lambda route: (elsewhere.append(route.request.url), route.abort()))  # fmt: skip
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{load.luigid.url}/static/visualiser/index.html")
    show_all(page)
    yield page
    assert errors == []
    assert [url for url in elsewhere if not url.startswith(FONTS)] == []
    context.close()


@pytest.fixture(scope="module", params=[*WIDTHS])
def tasks(browser: Browser, load: Load, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The list of tasks, while the second month is downloaded, on a desk and on a phone."""
    with opened(browser, load, request.param) as page:
        yield page


@pytest.fixture
def desk(browser: Browser, load: Load) -> Iterator[Page]:
    with opened(browser, load, "desktop") as page:
        yield page


def show_all(page: Page) -> None:
    page.locator("select[name=taskTable_length]").select_option("100")
    expect(row(page, "LoadMonths", RANGE)).to_be_visible()


def row(page: Page, family: str, details: str) -> Any:
    """A task's line of the list."""
    lines = page.locator("#taskTable tbody tr")
    named = lines.filter(has=page.locator("td:nth-child(2)", has_text=re.compile(f"^{family}$")))
    return named.filter(has=page.locator("td:nth-child(3)", has_text=re.compile(f"^{details}$")))


def of(month: int) -> str:
    return f"service=yellow, year=2021, month={month}"


def told_by(page: Page, line: Any) -> tuple[str, str]:
    """What a task's message says, and its bar."""
    line.locator(".statusMessage").click()
    modal = page.locator("#statusMessageModal")
    expect(modal.locator(".progress-bar")).to_have_text(re.compile(r"[1-9]\d*%"))
    told = modal.locator("pre").inner_text(), modal.locator(".progress-bar").inner_text().strip()
    # Of two messages opened one after the other, Luigi shows now this one, now that one.
    page.reload()
    show_all(page)
    return told


def followed(page: Page, line: Any) -> Any:
    """What a task's link leads to."""
    with page.expect_popup() as popup:
        line.locator("a[title='Track Progress']").click()
    popup.value.wait_for_load_state()
    return json.loads(popup.value.locator("body").inner_text())


def test_each_stage_of_each_month_is_a_line_that_says_which_month_it_is(tasks, shots, request):
    tasks.screenshot(path=shots / f"tasks-{request.node.callspec.id}.png", full_page=True)
    for stage in STAGES:
        for month in (1, 2, 3):
            expect(row(tasks, stage, of(month))).to_have_count(1)
    expect(tasks.locator("#taskTable tbody tr")).to_have_count(3 * len(STAGES) + 1)
    expect(row(tasks, "LoadMonthToBQ", of(1))).to_contain_text("DONE")
    expect(row(tasks, "DownloadMonth", of(2))).to_contain_text("RUNNING")
    expect(row(tasks, "LoadMonthToBQ", of(3))).to_contain_text("PENDING")


def test_how_far_the_months_and_the_month_under_way_are_is_said_with_numbers(tasks, shots, request):
    line = row(tasks, "LoadMonths", RANGE)
    assert told_by(tasks, line) == ("yellow 2021, months 1,2,3: 1 of 3 months in bigquery", "33%")
    told, bar = told_by(tasks, row(tasks, "DownloadMonth", of(2)))
    assert re.fullmatch(r"yellow 2021-02: [\d.]+ of [\d.]+ [kM]B", told)
    assert 40 <= int(bar.rstrip("%")) <= 50
    told, bar = told_by(tasks, row(tasks, "LoadMonthToBQ", of(1)))
    assert (told, bar) == ("yellow 2021-01: 5,000 rows in yellow_trips$202101", "100%")


def test_links_lead_to_the_job_and_to_the_object(tasks):
    job = followed(tasks, row(tasks, "LoadMonthToBQ", of(1)))
    assert job["jobReference"]["jobId"].startswith("tlc_yellow_202101_")
    assert job["status"]["state"] == "DONE"
    stored = followed(tasks, row(tasks, "UploadMonthToGCS", of(1)))
    assert stored["name"] == MONTHS[0].object_name
    published = row(tasks, "DownloadMonth", of(2)).locator("a[title='Track Progress']")
    assert published.get_attribute("href").endswith(f"/trip-data/{MONTHS[1].file_name}")


def test_a_link_that_the_browser_does_not_open_is_not_shown(tasks):
    line = row(tasks, "NormalizeMonth", of(1))
    expect(line).to_contain_text("DONE")
    expect(line.locator("a[title='Track Progress']")).to_have_count(0)


def test_who_is_at_work_shows_the_month_under_way_and_its_bar(desk, load, shots):
    desk.goto(f"{load.luigid.url}/static/visualiser/index.html#tab=workers")
    desk.reload()
    bar = desk.locator(".worker-table .taskProgressBar")
    expect(bar).to_have_text(re.compile(r"^\s*(4\d|50)%\s*$"))
    desk.screenshot(path=shots / "workers-desktop.png", full_page=True)
    expect(desk.locator(".worker-table")).to_contain_text(
        "DownloadMonth(month=2, service=yellow, year=2021)"
    )


def test_the_graph_shows_what_the_months_wait_for(desk, load, shots):
    root = load.task("LoadMonths")["id"]
    desk.goto(f"{load.luigid.url}/static/visualiser/index.html#tab=graph&taskId={root}")
    desk.reload()
    expect(desk.locator("#graphContainer svg a")).to_have_count(3 * len(STAGES) + 1)
    desk.screenshot(path=shots / "graph-desktop.png", full_page=True)


def test_what_a_file_holds_is_text_in_a_message_and_no_markup(desk, load):
    task = NormalizeMonth(service="yellow", year=2021, month=1)
    load_id = load.task("NormalizeMonth", month=1)["id"]
    task.set_status_message = lambda message: load.luigid.ask(
        "set_task_status_message", task_id=load_id, status_message=message
    )
    task.report(message="unknown words: '<b id=hostile>1</b>' & <img src=x onerror=x()>")
    line = row(desk, "NormalizeMonth", of(1))
    line.locator(".statusMessage").click()
    shown = desk.locator("#statusMessageModal pre")
    # Luigi asks for the message anew, each half second, and shows it as HTML.
    expect(shown).to_contain_text("hostile")
    expect(shown.locator("*")).to_have_count(0)


def test_when_all_months_are_there_the_range_says_so(desk, load, shots):
    load.finish()
    desk.reload()
    show_all(desk)
    line = row(desk, "LoadMonths", RANGE)
    expect(line).to_contain_text("DONE")
    assert told_by(desk, line) == ("yellow 2021, months 1,2,3: 3 of 3 months in bigquery", "100%")
    desk.screenshot(path=shots / "tasks-done.png", full_page=True)
    assert desk.locator("#taskTable tbody tr", has_text="DONE").count() == 3 * len(STAGES) + 1
