"""A real Prometheus of the test's own.

It listens on a free loopback port, keeps its data in a folder that goes with it, and is ended by its
pid.
"""
import contextlib
import http.client
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

from private_mariadb import free_port


class Prometheus:
    """Scrapes `target` ("host:port") each `interval` as the job headgate, under these `rules`."""

    def __init__(self, target, rules, interval="1s"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-prometheus-", dir="/tmp"))
        self.port = free_port()
        self.process = None
        shutil.copy(rules, self.folder / "alerts.yml")
        config = {"global": {"scrape_interval": interval, "evaluation_interval": interval,
                             "scrape_timeout": interval},
                  "rule_files": ["alerts.yml"],
                  "scrape_configs": [{"job_name": "headgate",
                                      "static_configs": [{"targets": [target]}]}]}
        (self.folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf8")

    def start(self, seconds=30):
        command = ["prometheus", f"--config.file={self.folder}/prometheus.yml",
                   f"--storage.tsdb.path={self.folder}/data", "--log.level=warn",
                   f"--web.listen-address=127.0.0.1:{self.port}"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.get("/api/v1/status/buildinfo")
                return self
            time.sleep(0.1)
        text = (self.folder / "log").read_text(errors="replace")[-3000:]
        self.stop()
        raise RuntimeError(f"Prometheus did not start:\n{text}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path, **parameters):
        """The data of an answer; ValueError with its words where it says no."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            query = urllib.parse.urlencode(parameters)
            connection.request("GET", f"{path}?{query}" if query else path)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise ValueError(answer.get("error"))
        return answer["data"]

    def query(self, expression):
        """[(labels, value)] of an instant query."""
        result = self.get("/api/v1/query", query=expression)["result"]
        return [(row["metric"], float(row["value"][1])) for row in result]

    def value(self, expression):
        """Of the one series there is; None where there is none."""
        rows = self.query(expression)
        return rows[0][1] if len(rows) == 1 else None

    def rules(self):
        return [rule for group in self.get("/api/v1/rules")["groups"] for rule in group["rules"]]

    def alert_state(self, name):
        """"inactive", "pending" or "firing"."""
        return next(rule["state"] for rule in self.rules() if rule["name"] == name)


def with_short_waits(rules, folder, wait="2s"):
    """A copy of the rules whose alerts fire after `wait`."""
    text = re.sub(r"^( +for: ).*$", rf"\g<1>{wait}", rules.read_text(encoding="utf8"),
                  flags=re.MULTILINE)
    copy = pathlib.Path(folder) / "alerts.yml"
    copy.write_text(text, encoding="utf8")
    return copy


def metrics_in(expression):
    """The names of the metrics that an expression asks for, "up" as well."""
    return set(re.findall(r"\b(?:(?:headgate|process)_[a-z0-9_]+|up(?=\{))", expression))
