"""The studio in a real browser: Chromium, driven by Selenium.

Runs the built command, opens its page, and uses it as a person does. Axe-core
checks the page's accessibility, and the contrast of every text is computed.
`make test-studio` installs what it needs and runs it.
"""

import importlib.util
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

GANYMEDE = pathlib.Path(sys.argv[1]).resolve()
PICTURES = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
SMALL = ["--preset", "mlp", "--batch", "8", "--precision", "f32"]
# Every pair of a text and what is behind it, with the contrast of WCAG 2.
CONTRASTS = """
const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parts = (text) => text.match(/[0-9.]+/g).map(Number);
const ground = (node) => {
  for (; node instanceof Element; node = node.parentElement) {
    const [r, g, b, a = 1] = parts(getComputedStyle(node).backgroundColor);
    if (a > 0) return [r, g, b];
  }
  return [255, 255, 255];
};
const bad = [];
for (const node of document.querySelectorAll("main *, header *")) {
  const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
  if (!own || !node.checkVisibility() || node.disabled) continue;
  const style = getComputedStyle(node);
  const ink = node instanceof SVGElement ? style.fill : style.color;
  if (!/^rgb/.test(ink)) continue;
  const [a, b] = [light(parts(ink)), light(ground(node))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) bad.push(`${node.tagName} "${node.textContent.slice(0, 30)}": ${ratio.toFixed(2)}`);
}
return bad;
"""


def browser(width=1300, height=1000, scheme="light"):
    """A browser with a window of some size, in a light or dark scheme."""
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=Service("/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1,
        "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": scheme}]})
    return driver


class Command:
    """The command with an open studio."""

    def __init__(self, *arguments, folder):
        self.log = open(pathlib.Path(folder) / "log", "w+b")
        self.process = subprocess.Popen(
            [GANYMEDE, *arguments, "--no-open"], cwd=folder, stdout=self.log,
            stderr=subprocess.STDOUT)
        end = time.monotonic() + 120
        self.address = None
        while not self.address and time.monotonic() < end:
            text = pathlib.Path(self.log.name).read_text()
            found = re.search(r"^Studio: (\S+/)$", text, re.MULTILINE)
            self.address = found and found[1]
            time.sleep(0.02)
        assert self.address, text

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self.log.close()
        return code


class Line:
    """A connection to a studio that can be cut and mended."""

    def __init__(self, address):
        self.port = int(re.search(r":(\d+)/", address)[1])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own = self.listener.getsockname()[1]
        self.address = address.replace(f":{self.port}/", f":{self.own}/")
        self.open, self.sockets = True, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if not self.open:
                    raise ConnectionError
                server = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                client.close()
                continue
            self.sockets += [client, server]
            # The studio is asked under its own name.
            for source, target, names in (
                    (client, server, (f":{self.own}".encode(),
                                      f":{self.port}".encode())),
                    (server, client, None)):
                threading.Thread(target=self.copy, daemon=True,
                                 args=(source, target, names)).start()

    def copy(self, source, target, names):
        try:
            while data := source.recv(65536):
                target.sendall(data.replace(*names) if names else data)
        except OSError:
            pass
        self.end(source, target)

    def end(self, *sockets):
        for one in sockets:
            try:
                # Closing alone would not wake the thread that reads.
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.open = False
        self.end(*self.sockets)

    def mend(self):
        self.open = True

    def close(self):
        self.cut()
        self.listener.close()


class StudioTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.commands, self.drivers = [], []
        self.addCleanup(self.end)

    def end(self):
        for driver in self.drivers:
            driver.quit()
        for command in self.commands:
            if command.process.poll() is None:
                command.process.kill()
                command.process.wait()
            command.log.close()

    def start(self, *arguments):
        command = Command(*arguments, folder=self.folder.name)
        self.commands.append(command)
        return command

    def train(self, *more):
        return self.start("train", *SMALL, "--steps", "1000000",
                          "--sample-every", "25", "--checkpoint-every", "100",
                          "--out", "run", "--studio", "--port", "0", *more)

    def open(self, address, **window):
        driver = browser(**window)
        self.drivers.append(driver)
        driver.get(address)
        self.wait(driver, lambda: "step" in self.text(driver, "status"))
        return driver

    def wait(self, driver, condition, seconds=60):
        WebDriverWait(driver, seconds, poll_frequency=0.1).until(
            lambda _: condition())

    def text(self, driver, name):
        return driver.find_element(By.ID, name).text

    def step(self, driver):
        """The step that the page shows."""
        return int(self.text(driver, "status").split()[1].replace(",", ""))

    def click(self, driver, selector):
        node = driver.find_element(By.CSS_SELECTOR, selector)
        driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", node)
        node.click()

    def choose(self, driver, name, value):
        Select(driver.find_element(By.ID, name)).select_by_value(value)

    def type(self, driver, name, text):
        field = driver.find_element(By.ID, name)
        field.clear()
        field.send_keys(text)

    def slide(self, driver, name, value):
        driver.execute_script(
            "const it = document.getElementById(arguments[0]);"
            "it.scrollIntoView({block: 'center'}); it.value = arguments[1];"
            "it.dispatchEvent(new Event('input'))", name, value)

    def pixels(self, driver, name):
        return driver.execute_script(
            "return document.getElementById(arguments[0]).toDataURL()", name)

    def picture(self, driver, name):
        """Saves the whole page, for a person to look at."""
        if PICTURES:
            height = driver.execute_script(
                "return document.documentElement.scrollHeight")
            width = driver.execute_script("return window.innerWidth")
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1,
                "mobile": False})
            PICTURES.mkdir(exist_ok=True)
            driver.save_screenshot(str(PICTURES / f"{name}.png"))

    def complaints(self, driver):
        return [entry["message"] for entry in driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def journal(self):
        path = pathlib.Path(self.folder.name) / "run" / "journal.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def events(self):
        return [event for line in self.journal()
                for event in line.get("events", [])]

    def test_a_person_watches_and_steers(self):
        command = self.train()
        driver = self.open(command.address)
        # Curves and samples move.
        self.wait(driver, lambda: driver.execute_script(
            "return document.querySelectorAll('#curves path').length") >= 5)
        self.wait(driver, lambda: int(driver.find_element(
            By.ID, "slider").get_attribute("max")) >= 3)
        self.slide(driver, "slider", 1)
        self.wait(driver, lambda: self.text(
            driver, "sample-caption") == "Step 25")
        self.wait(driver, lambda: driver.execute_script(
            "return document.getElementById('sample').naturalWidth") > 0)
        self.click(driver, "#play")
        self.assertEqual(self.text(driver, "play"), "Pause")
        self.wait(driver, lambda: self.text(driver, "play") == "Play")

        # Pause, single steps, a learning rate.
        self.click(driver, "#pause")
        self.wait(driver, lambda: "paused" in self.text(driver, "status"))
        before = len(self.journal())
        self.click(driver, "[data-command=discriminator_step]")
        self.wait(driver, lambda: len(self.journal()) == before + 1)
        self.click(driver, "[data-command=generator_step]")
        self.wait(driver, lambda: len(self.journal()) == before + 2)
        self.choose(driver, "key", "gan.generator_optimizer.learning_rate")
        self.type(driver, "value", "0.0004")
        self.click(driver, "#change button")
        # A value out of range is refused, with the reason.
        self.type(driver, "value", "-1")
        self.click(driver, "#change button")
        self.wait(driver, lambda: "learning_rate" in self.text(
            driver, "fault"))
        self.click(driver, "#pause")
        self.wait(driver, lambda: "training" in self.text(driver, "status"))
        self.wait(driver, lambda: len(self.journal()) > before + 20)
        kinds = [event["kind"] for event in self.events()]
        for kind in ("pause", "discriminator_step", "generator_step", "set",
                     "resume"):
            self.assertIn(kind, kinds)
        rates = [event["value"] for event in self.events()
                 if event["kind"] == "set"]
        self.assertEqual(rates, [0.0004])

        # A reload shows the same run.
        driver.refresh()
        self.wait(driver, lambda: "training" in self.text(driver, "status"))
        self.wait(driver, lambda: driver.execute_script(
            "return document.querySelectorAll('#curves .deed').length") > 0)
        # The browser notes the refused value, and nothing else.
        self.assertTrue(all("400" in one for one in self.complaints(driver)))
        self.assertEqual(command.stop(), 130)
        found = subprocess.run([GANYMEDE, "verify", "run"],
                               cwd=self.folder.name, capture_output=True)
        self.assertEqual(found.returncode, 0, found.stderr)

    def test_latent_space_drawing_and_layers(self):
        driver = self.open(self.train().address)
        self.wait(driver, lambda: "ms" in self.text(driver, "latent-caption")
                  or self.slide(driver, "at", 0))
        self.click(driver, "#follow")
        self.click(driver, "#pause")
        self.wait(driver, lambda: "paused" in self.text(driver, "status"))
        self.slide(driver, "at", 0)
        self.wait(driver, lambda: not driver.find_element(
            By.ID, "latent-image").get_attribute("aria-busy"))
        first = self.pixels(driver, "latent-image")
        self.slide(driver, "at", 1)
        self.wait(driver, lambda: self.pixels(
            driver, "latent-image") != first)
        self.slide(driver, "at", 0)
        self.wait(driver, lambda: self.pixels(
            driver, "latent-image") == first)
        # The keyboard moves a slider, too.
        driver.find_element(By.ID, "at").send_keys(Keys.END)
        self.wait(driver, lambda: self.pixels(
            driver, "latent-image") != first)

        pad = driver.find_element(By.ID, "pad")
        driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", pad)
        self.wait(driver, lambda: "Logit" in self.text(driver, "opinion"))
        empty = self.pixels(driver, "pad")
        heat = self.pixels(driver, "heat")
        ActionChains(driver).move_to_element(pad).click_and_hold() \
            .move_by_offset(30, 60).move_by_offset(-20, 20).release().perform()
        self.wait(driver, lambda: self.pixels(driver, "pad") != empty)
        self.wait(driver, lambda: self.pixels(driver, "heat") != heat)
        self.wait(driver, lambda: "pixel" in self.text(
            driver, "nearest-caption"))
        self.click(driver, "#clear")
        self.wait(driver, lambda: self.pixels(driver, "pad") == empty)
        pad.send_keys(Keys.ARROW_RIGHT, Keys.SPACE)
        self.wait(driver, lambda: self.pixels(driver, "pad") != empty)

        for network in ("generator", "discriminator"):
            self.choose(driver, "network", network)
            self.click(driver, "#layers-show")
            self.wait(driver, lambda: "dense1" in self.text(
                driver, "layers-table"))
            self.wait(driver, lambda: driver.find_element(
                By.ID, "layers-show").is_enabled())
        self.assertEqual(self.complaints(driver), [])

    def test_forks_are_shown_side_by_side(self):
        driver = self.open(self.train("--steps", "150").address)
        self.wait(driver, lambda: "finished" in self.text(driver, "status"))
        driver.refresh()
        self.wait(driver, lambda: "finished" in self.text(driver, "status"))
        self.choose(driver, "fork-step", "100")
        self.choose(driver, "fork-key",
                    "gan.discriminator_optimizer.learning_rate")
        self.type(driver, "fork-value", "0.01")
        self.click(driver, "#fork button")
        self.wait(driver, lambda: len(driver.find_elements(
            By.CSS_SELECTOR, "#runs button")) == 2)
        self.wait(driver, lambda: "learning_rate" in self.text(
            driver, "sides-table"))
        self.wait(driver, lambda: len(driver.find_elements(
            By.CSS_SELECTOR, "#sides-grids img")) == 2)
        driver.find_elements(By.CSS_SELECTOR, "#runs button")[1].click()
        self.wait(driver, lambda: "finished" in self.text(driver, "status"))
        self.picture(driver, "sides")
        self.assertEqual(self.complaints(driver), [])

    def test_points_are_painted(self):
        command = self.start(
            "train", "--preset", "points", "--steps", "400", "--sample-every",
            "100", "--out", "run", "--studio", "--port", "0")
        driver = self.open(command.address)
        canvas = driver.find_element(By.ID, "plane-canvas")
        self.wait(driver, lambda: canvas.is_displayed() and canvas.size[
            "width"] > 200 and driver.execute_script(
                "return arguments[0].width", canvas) > 300)
        driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", canvas)
        drag = ActionChains(driver).move_to_element_with_offset(
            canvas, -80, -80).click_and_hold()
        for _ in range(16):
            drag.move_by_offset(8, 5)
        drag.release().perform()
        self.wait(driver, lambda: "points of your own" in self.text(
            driver, "paint-count"))
        self.picture(driver, "points")
        self.click(driver, "#paint-train")
        self.wait(driver, lambda: len(driver.find_elements(
            By.CSS_SELECTOR, "#runs button")) == 2)
        self.wait(driver, lambda: "finished" in self.text(
            driver, "status"), 120)
        self.assertEqual(self.complaints(driver), [])

    def test_a_lost_connection_comes_back(self):
        command = self.train()
        line = Line(command.address)
        self.addCleanup(line.close)
        driver = self.open(line.address)
        self.wait(driver, lambda: self.step(driver) > 20)
        line.cut()
        self.wait(driver, lambda: "does not answer" in self.text(
            driver, "connection"))
        step = len(self.journal())
        self.wait(driver, lambda: len(self.journal()) > step + 50)
        line.mend()
        self.wait(driver, lambda: self.text(driver, "connection") == "")
        # What was missed is there.
        self.wait(driver, lambda: self.step(driver) > step + 50)
        # When the command has ended, the page says so.
        command.stop()
        self.wait(driver, lambda: "does not answer" in self.text(
            driver, "connection"))

    def test_everyone_can_read_it(self):
        # The package drives another kind of browser; its script is used alone.
        axe = importlib.util.find_spec("axe_core_python")
        folder = pathlib.Path(axe.submodule_search_locations[0])
        script = (folder / "axe.min.js").read_text()
        command = self.train()
        for scheme in ("light", "dark"):
            for width in (1300, 390):
                driver = self.open(command.address, width=width,
                                   scheme=scheme)
                self.wait(driver, lambda: driver.execute_script(
                    "return document.querySelectorAll('#curves path').length"
                ) >= 5)
                self.click(driver, "#layers-show")
                self.wait(driver, lambda: "dense1" in self.text(
                    driver, "layers-table"))
                self.assertEqual(driver.execute_script(CONTRASTS), [])
                driver.execute_script(script)
                found = driver.execute_async_script(
                    "axe.run().then(arguments[0])")
                faults = [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}"
                          for rule in found["violations"]]
                self.assertEqual(faults, [], f"{scheme} {width}")
                self.assertLessEqual(driver.execute_script(
                    "return document.documentElement.scrollWidth"), width)
                self.assertEqual(self.complaints(driver), [])
                self.picture(driver, f"{scheme}-{width}")
                driver.quit()
                self.drivers.remove(driver)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
