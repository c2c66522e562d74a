#!/usr/bin/python3
"""check --live where the gate speaks TLS: both legs, the certificate, and an account that needs it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import certificates
import scenario
from encrypted import Encrypted
from test_check_live import Live


class CheckLiveTls(Encrypted, Live):
    raw_by_tls = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.db.query("CREATE USER strict@'%' IDENTIFIED BY 'app-secret' REQUIRE SSL")

    def test_both_legs(self):
        pair = self.authority.self_signed("short")
        certificates.give(pair, "nobody")
        gate = self.start_gate(self.config(monitor={}, gate={"certificate": pair.certificate,
                                                             "private_key": pair.key}))
        found = self.check(gate.file)
        self.figures("tls", self.printed)
        self.has(found, "ok", "tls", "client leg TLSv1.", "backend leg TLSv1.")
        self.has(found, "ok", "tls", "a client without TLS: both legs plain")
        self.has(found, "warning", "tls", "CN=alone", "is signed by itself")

    def test_a_certificate_near_its_end_and_of_an_own_authority(self):
        pair = self.authority.issue("ending", days=10, reader="nobody")
        gate = self.start_gate(self.config(monitor={}, gate={"certificate": pair.certificate,
                                                             "private_key": pair.key}))
        found = self.check(gate.file)
        self.has(found, "warning", "tls", "CN=ending", "ends in ")
        self.has(found, "warning", "tls", "CN=ending", "is not trusted here")

    def test_an_account_that_needs_it(self):
        gate = self.start_gate(self.config(monitor={}))
        found = self.check(gate.file, "--user", "strict", "--password-stdin", said="app-secret\n")
        self.has(found, "ok", "login", '"strict" is in')
        self.has(found, "ok", "tls", "client leg TLSv1.", "backend leg TLSv1.")
        self.has(found, "warning", "tls", "without TLS the login is refused", "REQUIRE SSL")

    def test_from_a_load_balancers_own_address(self):
        """The PROXY header goes before the request for TLS, and before the look at the certificate."""
        gate = self.start_gate(self.config(monitor={}, gate={"proxy_from_clients": ["127.0.0.0/8"]}))
        found = self.check(gate.file)
        self.has(found, "ok", "tls", "client leg TLSv1.", "backend leg TLSv1.")
        self.has(found, "warning", "tls", "CN=gate", "is not trusted here")
        self.assertNotIn("problem", self.levels(found))

    def test_a_certificate_of_the_clients_is_required(self):
        keys = {"client_certificates": "required", "client_ca": self.authority.certificate}
        gate = self.start_gate(self.config(monitor={}, gate=keys))
        found = self.check(gate.file, status=1)
        self.has(found, "problem", "tls", "a login by TLS fails", "client_certificates")


if __name__ == "__main__":
    scenario.main()
