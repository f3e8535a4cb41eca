"""Checks of one page in Chromium: axe in every look, no sideways scroll, no small target, and Tab reaches all."""

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page

WIDTHS = (320, 768, 1280)
CONTROLS = "a[href], button, input:not([type=hidden]), select, summary"
SMALL = (
    "button, a.button, nav a, input:not([type=hidden]):not([type=radio]), label:has([type=radio]), select, summary",
    """found => found.filter(e => {
      const box = e.getBoundingClientRect();
      return box.width && (box.height < 44 || box.width < 44);
    }).map(e => e.outerHTML)""",
)
TAB_STOPS = """found => {
  const seen = new Set();
  const stops = found.filter(e => {
    if (!e.checkVisibility() || e.disabled) return false;
    if (e.type !== 'radio') return true;
    const group = [...e.form.querySelectorAll('[type=radio]')].filter(o => o.name === e.name);
    if (e !== (group.find(o => o.checked) || group[0])) return false;
    return !seen.has(group[0]) && seen.add(group[0]);
  });
  stops.forEach((e, n) => { e.dataset.stop = n; });
  const start = document.createElement('span');
  start.tabIndex = -1;
  document.body.prepend(start);
  start.focus();
  start.remove();
  return stops.length;
}"""
FOCUSED = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect();
  const shown = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [e.dataset.stop ?? e.outerHTML.slice(0, 120), getComputedStyle(e).outlineStyle !== 'none', shown];
}"""


def violations(page: Page) -> list[str]:
    """Return what axe finds, by rule and element; a page that the browser replaces meanwhile is read again."""
    for tries_left in (2, 1, 0):
        page.wait_for_load_state()
        try:
            found: list[dict[str, Any]] = Axe().run(page).response["violations"]
            break
        except Error:
            if not tries_left:
                raise
    return [f"{each['id']}: {node['html'][:100]}" for each in found for node in each["nodes"]]


def check(page: Page, name: str, folder: Path) -> None:
    """Check a page at three widths, in the dark and in forced colours; pictures are left in the folder."""
    page.wait_for_load_state()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=folder / f"{name}.{width}.png", full_page=True)
        assert wide <= width, f"{name} scrolls sideways at {width}: {wide}"
        assert violations(page) == [], f"{name} at {width}"
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=folder / f"{name}.dark.png", full_page=True)
    assert violations(page) == [], f"{name} in the dark"
    page.emulate_media(color_scheme="light", forced_colors="active")
    page.screenshot(path=folder / f"{name}.forced.png", full_page=True)
    assert violations(page) == [], f"{name} in forced colours"
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.eval_on_selector_all(*SMALL) == [], f"{name}: too small to hit"


def walk(page: Page, name: str) -> None:
    """Press Tab through the page: every control once, in the order of the page, each seen and with its outline."""
    count = int(page.eval_on_selector_all(CONTROLS, TAB_STOPS))
    for expected in range(count):
        page.keyboard.press("Tab")
        stop, outlined, shown = page.evaluate(FOCUSED)
        assert stop == str(expected), f"{name}: Tab {expected + 1} of {count} comes to {stop}"
        assert outlined, f"{name}: no outline around control {stop}"
        assert shown, f"{name}: control {stop} is focused out of sight"
