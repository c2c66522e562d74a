#!/usr/bin/python3
"""The page on [admin] http, as an operator sees it: in calm, under attack, and without its gate."""
import contextlib
import gzip
import http.client
import http.server
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
import wire
from attackers import Attackers, addresses
from browser import Browser
from private_mariadb import free_port
from statements import Asker, query

VIEWS = (("light", 1280, 800, "light"), ("dark", 1280, 800, "dark"), ("phone", 390, 844, "dark"))
SECONDS = 5  # in which an operator has to see what is going on

# Texts that the eye gets too little contrast of: WCAG 2.1, 1.4.3.
CONTRAST = """(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const over = ([r, g, b, a = 1], below) =>
      below.map((v, i) => [r, g, b][i] * a + v * (1 - a));
  const light = (c) => c.map((v) => v / 255)
      .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (e) => !e ? [255, 255, 255]
      : over(rgb(getComputedStyle(e).backgroundColor), ground(e.parentElement));
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest(".unseen, .skip, noscript")) continue;
    const style = getComputedStyle(e), back = ground(e);
    const [a, b] = [light(over(rgb(style.color), back)), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), ratio = (a + .05) / (b + .05);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      poor.push(`${e.tagName} ${e.textContent.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
  }
  return poor;
})()"""


def seen_on_first_screen(words):
    """An expression: one of the words stands in the table of sources, within the first screen."""
    return f"""[...document.querySelectorAll("#sources tbody th")].some((cell) => {{
      const box = cell.getBoundingClientRect();
      return box.bottom <= innerHeight && box.right <= innerWidth &&
          {json.dumps(words)}.some((word) => cell.textContent.includes(word));
    }})"""


def in_state(state):
    return f"document.getElementById('banner').dataset.state === '{state}'"


class Between:
    """Passes the browser's questions on to the page, but for those that begin with `refused`."""

    def __init__(self, target):
        self.refused = None
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                if between.refused and self.path.startswith(between.refused):
                    return self.send_error(429)
                connection = http.client.HTTPConnection(*target, timeout=5)
                with contextlib.closing(connection):
                    connection.request("GET", self.path, headers={"Host": "localhost"})
                    answer = connection.getresponse()
                    body = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PageTest(scenario.Scenario):

    def start_with_page(self, **over):
        self.http = ("127.0.0.1", free_port())
        return self.start_gate(self.config(**scenario.merged(
            {"admin": {"http": f"127.0.0.1:{self.http[1]}"}, "class": [scenario.APP_CLASS]}, over)))

    def url(self):
        return f"http://127.0.0.1:{self.http[1]}/"

    def get(self, target, method="GET", body=None, **headers):
        """(status, headers, bytes)"""
        connection = http.client.HTTPConnection(*self.http, timeout=5)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def view(self, browser, view, name):
        _, width, height, scheme = view
        return browser.page(f"{name}-{view[0]}", self.url(), width, height, scheme)

    def assert_sound(self, page):
        self.assertEqual(page.heard(), [])
        self.assertEqual(page.eval(CONTRAST), [])
        self.assertTrue(page.eval("document.documentElement.scrollWidth <= innerWidth"),
                        "it has to be scrolled sideways")

    def test_calm(self):
        gate = self.start_with_page(monitor={})
        app = self.start_app(gate.address)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["logins_ok"] > 20))
        time.sleep(3)  # samples
        browser = Browser(self)
        for view in VIEWS:
            page = self.view(browser, view, "calm")
            self.assertIsNotNone(page.wait(in_state("calm")),
                                 page.text("headline"))
            self.assertIsNotNone(page.wait("document.querySelectorAll('.legend li').length > 8"))
            self.assertIn("slots free", page.text("detail"))
            self.assertIn("Who is connected", page.text("who"))
            self.assertIn("shop", page.text("classes"))
            time.sleep(2)
            self.figures("calm", f"{view[0]}: shot {page.shot(f'calm-{view[0]}.png')}")
            self.assert_sound(page)
            page.close()
        self.assertEqual(app.finish().failed, 0)

    def test_attack(self):
        gate = self.start_with_page(monitor={})
        app = self.start_app(gate.address)
        sources = addresses(12)
        attackers = [Attackers(kind, gate.address, some, 60, 150, pause=0.02, **options).start()
                     for kind, some, options in (("bad-password", sources[:6], {}),
                                                 ("churn", sources[6:], {"stay": 1}))]
        for each in attackers:
            self.addCleanup(each.stop)
        time.sleep(12)
        browser = Browser(self)
        for view in VIEWS:
            page = self.view(browser, view, "attack")
            told = page.wait(in_state("guarded"), SECONDS)
            self.assertIsNotNone(told, f"{page.text('headline')}; {page.text('detail')}")
            shown = page.wait(seen_on_first_screen(sources), SECONDS)
            self.assertIsNotNone(shown, page.text("sources"))
            self.assertIn("the application is safe", page.text("headline"))
            self.assertIn("none of class shop", page.text("detail"))
            self.assertIn("Who attacks", page.text("who"))
            self.assertTrue(page.eval("document.querySelectorAll('#reasons tbody tr').length > 0"))
            time.sleep(2)
            self.figures("attack", f"{view[0]}: opened in {page.opened_ms:.0f} ms, the banner "
                         f"after {told:.0f} ms more, an attacker after {shown:.0f}; "
                         f"shot {page.shot(f'attack-{view[0]}.png')}")
            self.assert_sound(page)
            page.close()
        slowest = 0.0
        for _ in range(20):
            for target in ("/", "/status", "/history", "/sources?limit=8&sort=refused"):
                began = time.monotonic()
                self.assertEqual(self.get(target)[0], 200)
                slowest = max(slowest, (time.monotonic() - began) * 1000)
        report = app.finish()
        self.figures("attack", f"{report.summary()}; slowest answer of the page {slowest:.0f} ms")
        self.assertEqual(report.failed, 0, report.errors)

    def test_who_claims_the_applications_user_makes_no_alarm(self):
        # The class is its user alone, so that strangers are of it, and wait in its name.
        gate = self.start_with_page(monitor={}, known_good={"minutes": 1}, **{"class": [
            {"name": "shop", "users": ["app"], "reserve": 20}]})
        app = self.start_app(gate.address)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["known_good"] > 0, 30))
        attackers = Attackers("claimed-user", gate.address, addresses(12), 80, 90,
                              pause=0.02).start()
        self.addCleanup(attackers.stop)
        page = Browser(self).page("claimed", self.url())
        self.assertIsNotNone(page.wait(in_state("guarded"), 30), page.text("headline"))
        claimed = 0
        for _ in range(100):
            claimed = max(claimed, max(c["waiting"] for c in gate.status()["classes"]))
            said = f"{page.text('headline')}; {page.text('detail')}"
            self.assertNotEqual(page.state(), "bad", said)
            time.sleep(0.1)
        page.shot("claimed.png")
        report = app.finish()
        self.figures("claimed", f"{report.summary()}; in its name waited at most {claimed}; {said}")
        self.assertEqual(report.failed, 0, report.errors)
        self.assertIn("the application is safe", said)

    def test_an_application_that_is_banned_is_not_safe(self):
        gate = self.start_with_page(monitor={})
        app = self.start_app(gate.address)
        self.assertTrue(scenario.wait_for(lambda: gate.status()["logins_ok"] > 5))
        page = Browser(self).page("banned", self.url())
        self.assertIsNotNone(page.wait(in_state("calm")), page.text("headline"))
        self.assertEqual(gate.cli("ban", scenario.APP_SOURCE, "10m")[0], 0)
        self.assertIsNotNone(page.wait(in_state("bad")), page.text("headline"))
        self.assertIn("1 ban binds it", page.text("headline"))
        self.assertIn("headgate unban", page.text("detail"))
        self.assertIsNotNone(page.wait("document.getElementById('who').textContent === "
                                       "'Who is turned away'"), page.text("who"))
        page.shot("banned.png")
        self.assertEqual(gate.cli("unban", scenario.APP_SOURCE)[0], 0)
        # What was refused meanwhile is still told, and then it is over.
        self.assertIsNotNone(page.wait(in_state("calm"), 50), page.text("headline"))
        app.finish_quietly()

    def test_a_past_that_does_not_come_is_no_good_news(self):
        self.start_with_page()
        door = Between(self.http)
        self.addCleanup(door.close)
        page = Browser(self).page("past", door.url)
        self.assertIsNotNone(page.wait(in_state("calm")), page.text("headline"))
        door.refused = "/history"
        self.assertIsNotNone(page.wait(in_state("stale"), 10), page.text("headline"))
        self.assertIn("No answer for", page.text("headline"))
        door.refused = None
        self.assertIsNotNone(page.wait(in_state("calm")), page.text("headline"))

    def test_a_gate_that_stops_is_told_loudly(self):
        gate = self.start_with_page()
        page = Browser(self).page("stale", self.url())
        self.assertIsNotNone(page.wait(in_state("calm")))
        gate.stop()
        self.assertIsNotNone(page.wait(in_state("stale"), 15),
                             page.text("headline"))
        # Until then what is told is that the past does not come, which is asked for as well.
        told = "document.getElementById('detail').textContent.includes('old')"
        self.assertIsNotNone(page.wait(told, 10), page.text("detail"))
        self.assertRegex(page.text("headline"), r"No answer for \d+ s")
        self.assertEqual(page.text("said"), "No answer from the gate")
        self.assertTrue(page.eval("document.body.classList.contains('stale')"))
        page.shot("stale.png")

    def test_what_attackers_write_is_text(self):
        gate = self.start_with_page(monitor={})
        evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
        with Asker(gate.address, "app", scenario.APP_SOURCE).sock:
            pass
        client = Asker(gate.address, "app", scenario.APP_SOURCE)
        client.ask(query(f"SELECT 1 AS `{evil}`"))
        client.answer()
        for _ in range(5):
            with self.assertRaises((wire.ServerError, EOFError, OSError)):
                Asker(gate.address, "<img src=x onerror=alert(3)>", "127.0.0.99")
        page = Browser(self).page("text", self.url())
        told = page.wait("document.getElementById('digests').textContent.includes('onerror')", 12)
        self.assertIsNotNone(told, page.text("digests"))
        self.assertIn("<script>alert(1)</script>", page.text("digests"))
        self.assertEqual(page.eval("document.querySelectorAll('body img, body script').length"), 0)
        self.assertEqual(page.heard(), [])
        client.sock.close()

    def test_by_keyboard_and_by_ear(self):
        self.start_with_page()
        page = Browser(self).page("keys", self.url())
        self.assertIsNotNone(page.wait(in_state("calm")))
        page.press("Tab")
        self.assertEqual(page.eval("document.activeElement.className"), "skip")
        page.press("Tab")
        self.assertEqual(page.eval("document.activeElement.id"), "theme")
        page.press("Enter")
        self.assertEqual(page.eval("document.documentElement.dataset.theme"), "dark")
        self.assertEqual(page.eval("getComputedStyle(document.body).backgroundColor"),
                         "rgb(15, 20, 26)")
        page.press("Tab")
        page.press("ArrowRight")
        self.assertEqual(page.eval("document.querySelector('#range input:checked').value"), "900")
        count = "document.querySelectorAll({}).length".format
        self.assertEqual(page.eval(count("'#banner [role=status][aria-live=polite]'")), 1)
        self.assertEqual(page.eval(count("'table:not(:has(th[scope=col]))'")), 0)
        self.assertEqual(page.eval(count("'canvas[role=img][aria-label]'")), 4)
        self.assertEqual(page.eval(count("'header, main, footer'")), 3)
        self.assertEqual(page.heard(), [])

    def test_nothing_but_reading(self):
        gate = self.start_with_page()
        for target in ("/status", "/sources?limit=8&sort=refused", "/digests?limit=10&sort=time",
                       "/bans", "/history", "/history?last=20"):
            status, headers, body = self.get(target)
            self.assertEqual((status, headers["Cache-Control"]), (200, "no-store"), target)
            self.assertIsInstance(json.loads(body), dict)
        for target in ("/ban", "/unban", "/reload", "/drain", "/config", "/sessions", "/x",
                       "/sources?limit=1000", "/digests?limit=99", "/history?last=21", "/status?x"):
            self.assertEqual(self.get(target)[0], 404, target)
            self.assertEqual(self.get(target, "POST", b'{"address":"192.0.2.1"}')[0], 405, target)
        self.assertEqual(self.get("/status", Host="evil.example")[0], 421)
        self.assertEqual(gate.status()["bans"], 0)
        self.assertEqual(gate.status()["page"], {"address": f"127.0.0.1:{self.http[1]}", "up": True,
                                                 "error": ""})
        chart = self.get("/chart.js")[2]
        self.assertTrue(chart.startswith(b"/*!\n * Chart.js v3.9.1\n"), chart[:40])
        for target in ("/", "/app.js", "/style.css", "/chart.js"):
            packed = self.get(target, **{"Accept-Encoding": "gzip"})
            self.assertEqual(gzip.decompress(packed[2]), self.get(target)[2], target)
            again = self.get(target, **{"Accept-Encoding": "gzip",
                                        "If-None-Match": packed[1]["ETag"]})
            self.assertEqual((again[0], again[2]), (304, b""), target)

    def test_a_port_that_is_taken_keeps_no_gate_from_starting(self):
        first = self.start_with_page()
        second = self.start_gate(self.config(admin={"http": f"127.0.0.1:{self.http[1]}"}))
        page = second.status()["page"]
        self.assertFalse(page["up"])
        self.assertIn("cannot listen", page["error"])
        self.assertIn("[admin] http: there is no page", second.text())
        self.assertIn("not shown", second.cli("status")[1])
        self.assertTrue(first.status()["page"]["up"])


if __name__ == "__main__":
    scenario.main()
