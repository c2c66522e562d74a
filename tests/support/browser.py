"""A headless Chromium that looks at the gate's page: Debian's, driven by playwright-core from npm.

Browser(test) starts it, or skips the test where something is missing. page() opens a Page; what
should never happen on one (console lines, errors, dialogs, requests to elsewhere, breaches of the
content security policy) is asked for by heard().
"""
import fcntl
import json
import os
import pathlib
import shutil
import subprocess

from private_mariadb import ROOT

FOLDER = ROOT / "tests" / "system" / "browser"
CHROMIUM = "/usr/bin/chromium"


def scratch():
    """Where npm's packages and the pictures go; never the source tree."""
    path = pathlib.Path(os.environ.get("HEADGATE_SCRATCH") or ROOT / "build") / "browser"
    path.mkdir(parents=True, exist_ok=True)
    return path


def install():
    """None, or why there are no packages."""
    wanted = (FOLDER / "package.json").read_text(encoding="utf8")
    with open(scratch() / "lock", "w", encoding="utf8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = scratch() / "installed.json"
        if mark.exists() and mark.read_text(encoding="utf8") == wanted:
            return None
        (scratch() / "package.json").write_text(wanted, encoding="utf8")
        done = subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund",
                               "--ignore-scripts"], cwd=scratch(), capture_output=True, timeout=300,
                              check=False)
        if done.returncode:
            return f"npm could not install playwright-core: {done.stderr.decode()[-500:]}"
        mark.write_text(wanted, encoding="utf8")
    return None


class Browser:
    def __init__(self, test):
        for tool in ("node", "npm", CHROMIUM):
            if not shutil.which(tool):
                test.skipTest(f"{tool} is not installed")
        why = install()
        if why:
            test.skipTest(why)
        self.process = subprocess.Popen(
            ["node", FOLDER / "driver.js", CHROMIUM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "NODE_PATH": str(scratch() / "node_modules")})
        test.addCleanup(self.stop)

    def ask(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the browser's driver has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def page(self, name, url, width=1280, height=800, scheme="light"):
        return Page(self, name, url, width, height, scheme)


class Page:
    def __init__(self, browser, name, url, width, height, scheme):
        self.browser, self.name = browser, name
        self.opened_ms = self._do("open", url=url, width=width, height=height, scheme=scheme)

    def _do(self, what, **more):
        return self.browser.ask({"do": what, "name": self.name, **more})

    def eval(self, code):
        return self._do("eval", code=code)

    def text(self, identity):
        return self.eval(f"document.getElementById({json.dumps(identity)}).textContent.trim()")

    def state(self):
        return self.eval("document.getElementById('banner').dataset.state")

    def wait(self, code, seconds=5):
        """Milliseconds until the expression was true, or None."""
        return self._do("wait", code=code, ms=seconds * 1000)

    def press(self, key):
        self._do("press", key=key)

    def shot(self, file):
        path = scratch() / file
        self._do("shot", file=str(path))
        return path

    def heard(self):
        return self._do("heard")

    def close(self):
        self._do("close")
