"""The report as people meet it: in headless Chromium, at the size of a desktop and of a phone, with and without JavaScript."""

import shutil
from fractions import Fraction

import av
import numpy as np
import pytest
from browsers import DESKTOP, PHONE, opened
from made_runs import make_run

from fastheur.report import write_report

WIDTH, HEIGHT, SECONDS = 160, 210, 4


def write_video(path):
    """A video of a square that moves, as a replay has it."""
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for step in range(30 * SECONDS):
            picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            picture[80:100, step : step + 20] = 255
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a run with a few hundred trials, one of which has a replay."""
    run = make_run(tmp_path_factory.mktemp("made") / "run", 320)
    (run / "replays").mkdir()
    write_video(run / "replays" / "trial1-episode0.mp4")
    return write_report([str(run)], tmp_path_factory.mktemp("report") / "out").parent


@pytest.fixture(scope="module", params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def browser(request, tmp_path_factory):
    with opened(tmp_path_factory.mktemp("profile"), request.param) as browser:
        yield browser


@pytest.fixture
def page(browser, report):
    """The run's page, ready; at the end nothing was complained of, and nothing was asked for outside of the folder."""
    browser.complaints(), browser.requests()
    browser.open(report / "index.html")
    browser.run("localStorage.clear()")
    browser.open(report / "index.html")
    browser.wait("return document.documentElement.dataset.ready")
    yield browser
    assert browser.complaints() == []
    asked = browser.requests()
    assert asked and all(url.startswith(f"{report.as_uri()}/") for url in asked), asked


def texts(page, selector):
    return page.run("return [...document.querySelectorAll(arguments[0])].map(one => one.textContent.trim())", selector)


def click(page, selector):
    page.run("document.querySelector(arguments[0]).click()", selector)


def fill(page, name, value):
    page.run(
        "const field = document.querySelector('.filters').elements[arguments[0]]; field.value = arguments[1];"
        "field.dispatchEvent(new Event('input', {bubbles: true}))", name, value,
    )  # fmt: skip


SCORES = ".trials tbody tr > td:nth-child(4)"


def test_the_table_sorts_by_every_column_and_says_so(page):
    click(page, ".trials th[data-key=score] button")
    scores = [float(text.replace(",", "")) for text in texts(page, SCORES) if text != "–"]
    assert scores == sorted(scores, reverse=True) and len(scores) > 50
    assert page.run("return document.querySelector('th[data-key=score]').ariaSort") == "descending"
    click(page, ".trials th[data-key=score] button")
    again = [float(text.replace(",", "")) for text in texts(page, SCORES) if text != "–"]
    assert (again == sorted(again) and again[0] < scores[-1]) or again[0] <= scores[0]
    for key in ("trial", "version", "outcome", "difference", "text", "steps", "seconds", "tokens"):
        click(page, f".trials th[data-key={key}] button")
        assert (
            texts(page, "th[aria-sort]") and page.run("return document.querySelectorAll('th[aria-sort]').length") == 1
        )
        assert page.run("return document.querySelectorAll('.trials tbody tr').length") == 100


def test_the_table_filters_by_text_role_and_outcome(page):
    fill(page, "text", "side walls")
    assert all("side walls" in text for text in texts(page, ".trials tbody td.text"))
    fill(page, "text", "v17")
    assert "v17" in texts(page, ".trials tbody td:nth-child(2)")
    fill(page, "text", "")
    fill(page, "outcome", "failed")
    assert set(texts(page, ".trials tbody td:nth-child(3)")) == {"failed"}
    fill(page, "outcome", "")
    fill(page, "role", "golden")
    assert set(texts(page, ".trials tbody td.text")) == {"golden case"}
    fill(page, "text", "nothing has this")
    assert texts(page, ".trials tbody tr") == [] and texts(page, ".found")[0].startswith("0 of")


def test_the_script_writes_the_rows_as_the_page_has_them(page, report):
    cells = (
        "return [...{}.querySelectorAll('.trials tbody tr')].map("
        "row => [...row.cells].slice(0, -1).map(cell => cell.textContent.trim()))"
    )
    static = page.run(
        f"const read = new DOMParser().parseFromString(arguments[0], 'text/html'); {cells.format('read')}",
        (report / "index.html").read_text(),
    )
    assert len(static) == 100 and page.run(cells.format("document")) == static


def test_a_search_opens_and_folds(page):
    fill(page, "role", "search")
    before = len(texts(page, ".trials tbody tr"))
    click(page, ".fold")
    assert len(texts(page, ".trials tbody tr")) == before + 8
    assert page.run("return document.activeElement.className + document.activeElement.ariaExpanded") == "foldtrue"
    click(page, ".fold")
    assert len(texts(page, ".trials tbody tr")) == before


def test_further_rows_are_a_page_away(page):
    first = texts(page, ".trials tbody td:first-child")
    click(page, ".pager button[data-step='1']")
    second = texts(page, ".trials tbody td:first-child")
    assert len(first) == 100 and not (set(first) & set(second)) - {"–"}


def test_a_diff_opens_with_its_lines_coloured(page, report):
    address = page.run("return document.querySelector('.look a').href")
    assert address.startswith(f"{report.as_uri()}/versions/") and "#v" in address
    page.chrome.get(address)
    name = address.split("#")[1]
    assert page.run("return document.querySelector(':target').id") == name
    colours = page.run(
        "return ['ins', 'del'].map(tag => getComputedStyle(document.querySelector(`:target ${tag}`)).backgroundColor)"
    )
    assert len(set(colours)) == 2 and "rgba(0, 0, 0, 0)" not in colours
    assert page.wait(
        "const {top} = document.querySelector(':target').getBoundingClientRect(); return top > -5 && top < innerHeight"
    )


def test_a_replay_opens_and_its_video_runs(page, report):
    assert page.run("return document.querySelector('video').readyState") == 0, (
        "nothing is loaded before it is asked for"
    )
    page.run(
        "window.video = document.querySelector('#replay-trial1-episode0 video'); video.muted = true; window.refused = '';"
        "video.play().catch(error => { refused = String(error); })"
    )
    assert page.wait("return refused || video.currentTime > 0.3") is True
    assert page.run("return [video.videoWidth, video.videoHeight]") == [WIDTH, HEIGHT]
    assert page.run("return video.duration") == pytest.approx(SECONDS, abs=0.1)
    earlier = page.run("return video.currentTime")
    assert page.wait("return video.currentTime > arguments[0] + 0.2", earlier)
    page.run("video.pause()")


def test_what_has_no_replay_offers_the_command_that_makes_it(page):
    page.run(
        "window.copied = ''; Object.defineProperty(navigator, 'clipboard', {configurable: true, value: "
        "{writeText: async text => { copied = text; }}})"
    )
    click(page, ".look button")
    assert page.wait("return copied").startswith("fastheur replay ")
    click(page, "#reproduce .copy")
    assert page.wait("return copied.startsWith('fastheur learn ') && copied").endswith("search.stall=3000")
    click(page, "#champion .copy")
    assert page.wait("return copied.includes('from fastheur.policy import Param') && copied")


def test_a_point_of_the_curve_tells_its_hypothesis_to_mouse_and_keyboard(page):
    page.run("document.querySelector('#score').scrollIntoView({behavior: 'instant'})")
    chart = page.run(
        "return [...document.querySelectorAll('svg.chart')].find(one => one.getBoundingClientRect().width)"
    )
    page.run("arguments[0].focus()", chart)
    keys = page.chrome.switch_to.active_element
    keys.send_keys("\ue014")  # arrow right
    first = texts(page, ".tip")[0]
    assert first.startswith("v1 · ") and "start: breakout_start.py" in first
    keys.send_keys("\ue010")  # end
    assert page.wait("return !document.querySelector('.tip').textContent.startsWith('v1 ')")
    box = page.run(
        "const box = document.querySelector('.tip').getBoundingClientRect(); return [box.left, box.right, innerWidth]"
    )
    assert box[0] >= 0 and box[1] <= box[2]
    keys.send_keys("\ue00c")  # escape
    assert page.run("return document.querySelector('.tip').hidden")
    page.run(
        "const box = arguments[0].getBoundingClientRect(); const [,, start] = arguments[0].dataset.x.split(',');"
        "const ring = arguments[0].querySelector('.ring'); arguments[0].dispatchEvent(new PointerEvent('pointermove', {"
        "clientX: box.left + ring.cx.baseVal.value * box.width / arguments[0].viewBox.baseVal.width,"
        "clientY: box.top + ring.cy.baseVal.value * box.width / arguments[0].viewBox.baseVal.width}))", chart,
    )  # fmt: skip
    assert not page.run("return document.querySelector('.tip').hidden")


def test_a_new_order_is_shown_from_its_first_row(page):
    page.run("document.querySelector('.scroll:has(.trials)').scrollTop = 400")
    click(page, ".trials th[data-key=version] button")
    assert page.run("return document.querySelector('.scroll:has(.trials)').scrollTop") == 0


def test_a_page_in_dark_colours_is_printed_in_light_ones(page):
    page.run("document.documentElement.dataset.theme = 'dark'")
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    printed = page.run("return getComputedStyle(document.body).backgroundColor")
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert printed == "rgb(255, 255, 255)"


def test_the_axis_can_be_chosen(page):
    labels = texts(page, ".tabs > label")
    assert labels[0] == "frames" and len(labels) == 5
    shown = "return [...document.querySelectorAll('.panel')].map(one => getComputedStyle(one).display)"
    for number in range(5):
        click(page, f"#axis-{number + 1}")
        assert page.run(shown) == ["block" if place == number else "none" for place in range(5)]


def test_light_and_dark_follow_the_system_and_the_button(page):
    paper = "return getComputedStyle(document.body).backgroundColor"
    assert page.run(paper) == "rgb(255, 255, 255)"
    click(page, ".theme")
    assert page.run(paper) == "rgb(21, 23, 26)" and texts(page, ".theme") == ["Light"]
    page.chrome.refresh()
    assert page.wait("return document.documentElement.dataset.ready") and page.run(paper) == "rgb(21, 23, 26)"
    page.run("localStorage.clear()")


CONTRAST = """
const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const rgb = text => text.match(/[\\d.]+/g).map(Number);
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = rgb(getComputedStyle(element).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const found = {};
for (const element of document.querySelectorAll('body *')) {
  const text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!text || !element.checkVisibility() || element.disabled || element.closest('.skip')) continue;
  const style = getComputedStyle(element);
  const ink = rgb(element.closest('svg') ? style.fill : style.color);
  const back = element.closest('.confirmed') ? rgb(getComputedStyle(element.parentElement.querySelector('rect')).fill) : behind(element);
  const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const name = element.tagName + '.' + (element.getAttribute('class') || '');
  if (ratio < arguments[0]) found[name + ' ' + element.textContent.trim().slice(0, 20)] = ratio.toFixed(2);
}
return found;
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "versions/0001.html"])
def test_every_text_can_be_read_on_what_is_behind_it(page, report, theme, name):
    page.open(report / name)
    page.run("document.documentElement.dataset.theme = arguments[0]", theme)
    assert page.run(CONTRAST, 4.5) == {}
    assert len(page.run(CONTRAST, 22)) > 10, "every text is looked at"


@pytest.mark.parametrize("name", ["index.html", "versions/0001.html", "versions/0002.html"])
def test_no_page_is_wider_than_the_screen(page, report, name):
    page.open(report / name)
    wide, screen = page.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= screen


def test_everything_can_be_reached_by_keyboard(page):
    assert page.run(
        "document.querySelector('.skip').focus(); return document.activeElement.getBoundingClientRect().left >= 0"
    )
    lost = page.run(
        "return [...document.querySelectorAll('a, button, input, select, video, summary, .scroll, .long, pre')].filter("
        "one => !one.closest('svg') && one.checkVisibility() && !one.disabled && one.tabIndex < 0).map(one => one.outerHTML.slice(0, 80))"
    )
    assert lost == []
    unnamed = page.run(
        "return [...document.querySelectorAll('button, input, select')].filter(one => !(one.textContent.trim() || "
        "one.ariaLabel || one.closest('label') || one.labels?.length)).map(one => one.outerHTML.slice(0, 80))"
    )
    assert unnamed == []


def test_the_report_can_be_read_without_javascript(report, tmp_path):
    with opened(tmp_path, javascript=False) as page:
        page.open(report / "index.html")
        text = page.chrome.find_element("tag name", "body").text
        for words in (
            "Gap between train and sealed",
            "need JavaScript",
            "fastheur learn env=atari/breakout",
            "Golden cases by",
        ):
            assert words in text
        assert len(page.chrome.find_elements("css selector", ".trials tbody tr")) == 100
        assert page.chrome.find_element("css selector", "svg.wide").is_displayed()
        assert not any(one.is_displayed() for one in page.chrome.find_elements("css selector", ".needs-js"))
        page.chrome.find_element("css selector", "label[for=axis-2]").click()
        assert page.chrome.find_elements("css selector", ".panel")[1].is_displayed()
        page.chrome.get(page.chrome.find_element("css selector", ".look a").get_attribute("href"))
        assert page.chrome.find_elements("css selector", "ins, del")
        assert page.complaints() == [] and all(url.startswith(report.as_uri()) for url in page.requests())


def test_the_index_of_many_runs_sorts_and_filters(report, tmp_path):
    for number, name in enumerate(("one", "two", "three")):
        make_run(tmp_path / "runs" / name, 20 + 10 * number)
    index = write_report([str(tmp_path / "runs")])
    with opened(tmp_path, PHONE) as page:
        page.open(index)
        page.wait("return document.documentElement.dataset.ready")
        click(page, "th[data-key=frames] button")
        frames = page.run(
            "return [...document.querySelectorAll('.grid tbody tr')].map(row => Number(row.cells[8].dataset.sort))"
        )
        assert frames == sorted(frames, reverse=True) and len(set(frames)) == 3
        fill(page, "text", "three")
        assert (
            page.run("return [...document.querySelectorAll('.grid tbody tr')].filter(row => !row.hidden).length") == 1
        )
        assert page.run("return document.documentElement.scrollWidth") <= PHONE[0]
        page.chrome.get(page.run("return document.querySelector('.grid tbody a').href"))
        assert page.wait("return document.documentElement.dataset.ready")
        assert page.complaints() == [] and all(url.startswith(index.parent.as_uri()) for url in page.requests())
    shutil.rmtree(tmp_path / "profile", ignore_errors=True)


def test_a_row_of_a_search_tells_its_values_to_the_arrow_keys_and_opens_in_the_table(page):
    page.run("document.querySelector('#score').scrollIntoView({behavior: 'instant'})")
    chart = page.run(
        "return [...document.querySelectorAll('svg.chart')].find(one => one.getBoundingClientRect().width)"
    )
    page.run("arguments[0].focus()", chart)
    keys = page.chrome.switch_to.active_element
    keys.send_keys("\ue015\ue015")  # arrow down, twice: the first row has the defaults
    [first] = texts(page, ".tip")
    assert "search row" in first and "dead_band=" in first and "calm=" in first and "a calmer paddle" in first
    keys.send_keys("\ue014")  # arrow right: on to the versions
    assert texts(page, ".tip")[0].startswith("v")
    keys.send_keys("\ue013\ue007")  # arrow up, enter
    shown = page.run("return document.activeElement.className + ' ' + document.activeElement.cells[0].textContent")
    assert shown.startswith("inner ") and texts(page, ".fold[aria-expanded=true]") == ["−"]
