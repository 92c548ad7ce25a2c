"""Headless Chromium for tests: pages are opened as files, and everything that a page asks for is written down."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REQUIRED = "FASTHEUR_BROWSER"
"""Environment variable: ``required`` makes a missing browser a failure instead of a visible skip."""

DESKTOP, PHONE = (1280, 800), (390, 844)

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip


def find_browser():
    """Paths of Chromium and its driver; skips the test, or fails it where a browser is required."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        missing = "chromium" if browser is None else "chromedriver"
        what = f"{missing} is not installed: apt-get install chromium chromium-driver"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(what)
        pytest.skip(what)
    return browser, driver


@contextmanager
def opened(folder: Path, size=DESKTOP, javascript=True, dark=False) -> Iterator["Browser"]:
    """A browser with an empty profile in ``folder``, closed at the end."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, driver = find_browser()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    chrome = webdriver.Chrome(service=Service(driver), options=options)
    try:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
        chrome.get("about:blank")
        chrome.get_log("performance")  # what the browser asked for on its own first page is nobody's
        yield Browser(chrome)
    finally:
        chrome.quit()


class Browser:
    """What a test does with an open browser; ``chrome`` is Selenium's own driver."""

    def __init__(self, chrome):
        self.chrome = chrome

    def open(self, path: Path, fragment=""):
        """Load a file, and wait until its script has all it needs, where it has one."""
        self.chrome.get(path.resolve().as_uri() + fragment)

    def run(self, script, *arguments):
        """Return what a script returns."""
        return self.chrome.execute_script(script, *arguments)

    def wait(self, script, *arguments, seconds=20.0):
        """Return the first true value of a script, asked again and again."""
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.chrome, seconds, 0.02).until(lambda chrome: chrome.execute_script(script, *arguments))

    def picture(self, path: Path, whole=False):
        """Save what is to be seen as PNG; ``whole``: the page to its end."""
        import base64

        shot = self.chrome.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": whole, **self._clip(whole)}
        )
        path.write_bytes(base64.b64decode(shot["data"]))

    def _clip(self, whole):
        if not whole:
            return {}
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        return {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}

    def complaints(self):
        """Messages of the console: errors and warnings since the last call."""
        return [entry["message"] for entry in self.chrome.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """Addresses of everything that was asked for since the last call, but for data in the page itself."""
        messages = (json.loads(entry["message"])["message"] for entry in self.chrome.get_log("performance"))
        urls = [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith("data:")]
