#!/usr/bin/python3
"""check --live where the gate speaks TLS: both legs, the certificate, and an account that needs it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from gate import binary, to_toml
from private_mariadb import PrivateMariadb, give_to_mysql
from test_check_live import Live


def make_certificate(folder, name, days):
    """A self-signed one; (certificate, key)."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    f"/CN={name}", "-days", str(days), "-out", certificate, "-keyout", key],
                   check=True, capture_output=True)
    key.chmod(0o644)  # a test's, read by two users
    return str(certificate), str(key)


class CheckLiveTls(Live):

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(
            tempfile.TemporaryDirectory(prefix="headgate-tls-", dir="/tmp")))
        folder.chmod(0o755)
        cls.gate_pair = make_certificate(folder, "gate.test", 10)
        certificate, key = make_certificate(folder, "db.test", 90)
        give_to_mysql(folder)
        cls.db = PrivateMariadb(cls.max_connections, (*cls.db_options, f"--ssl-cert={certificate}",
                                                      f"--ssl-key={key}")).start()
        cls.addClassCleanup(cls.db.stop)
        cls.db.query("CREATE USER strict@'%' IDENTIFIED BY 'app-secret' REQUIRE SSL")

    def tls_gate(self):
        certificate, key = self.gate_pair
        config = self.config(monitor={}, gate={"tls": "terminate", "certificate": certificate,
                                               "private_key": key, "backend_verify": "none"})
        file = pathlib.Path(certificate).parent / "asked.toml"
        file.write_text(to_toml({k: v for k, v in config.items() if k == "gate"}))
        asked = subprocess.run([binary(), "check", str(file)], capture_output=True, text=True,
                               check=False)
        if "not built yet" in asked.stdout:
            raise unittest.SkipTest("this gate speaks no TLS yet")
        return self.start_gate(config)

    def test_both_legs(self):
        gate = self.tls_gate()
        found = self.check(gate.file)
        self.figures("tls", self.printed)
        self.has(found, "ok", "tls", "client leg TLSv1.", "backend leg TLSv1.")
        self.has(found, "ok", "tls", "a client without TLS: both legs plain")
        self.has(found, "warning", "tls", "gate.test", "is signed by itself")
        self.has(found, "warning", "tls", "ends in 9 days")

    def test_an_account_that_needs_it(self):
        gate = self.tls_gate()
        found = self.check(gate.file, "--user", "strict", "--password-stdin", said="app-secret\n")
        self.has(found, "ok", "login", '"strict" is in')
        self.has(found, "ok", "tls", "client leg TLSv1.", "backend leg TLSv1.")
        self.has(found, "warning", "tls", "without TLS the login is refused", "REQUIRE SSL")


if __name__ == "__main__":
    scenario.main()
