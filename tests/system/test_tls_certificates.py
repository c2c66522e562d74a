#!/usr/bin/python3
"""Certificates of clients, classes that go by their subjects, and new files at a reload."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import certificates
import scenario
import tls_socket
import wire
from encrypted import Encrypted, leg
from gate import Gate


class Clients(Encrypted, scenario.Scenario):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = certificates.Authority("somebody else")
        cls.addClassCleanup(cls.other.remove)
        cls.shop = cls.authority.issue("shop", {"O": "Example", "CN": "shop-7"}, client=True)
        cls.guest = cls.authority.issue("guest", client=True)
        cls.late = cls.authority.issue("late", client=True, days=-1)
        cls.foreign = cls.other.issue("foreign", "shop-7", client=True)
        cls.alone = cls.other.self_signed("alone", "shop-7")

    def asked(self, how, **over):
        return scenario.merged(self.config(gate={
            "client_certificates": how, "client_ca": self.authority.certificate}), over)

    def by(self, pair, version=None):
        return tls_socket.context(self.authority, version, pair)

    def turned_away(self, gate, pair, version):
        before = gate.count("tls_failed")
        self.assertEqual(self.heard(gate.address, tls=self.by(pair, version))[0], "closed")
        self.assertTrue(scenario.wait_for(lambda: gate.count("tls_failed") == before + 1, 3))

    def test_optional(self):
        gate = self.start_gate(self.asked("optional"))
        connections = self.db.status("Connections")
        for version in ("1.2", "1.3"):
            for pair in (self.late, self.foreign, self.alone):
                self.turned_away(gate, pair, version)
        self.assertEqual(self.db.status("Connections"), connections, "the server heard of them")
        for version in ("1.2", "1.3"):
            for pair in (None, self.shop, self.guest):
                client = self.client(gate.address, tls=self.by(pair, version))
                self.assertEqual(leg(client)[:3], "TLS")
        self.client(gate.address, tls=False)

    def test_required(self):
        gate = self.start_gate(self.asked("required"))
        for version in ("1.2", "1.3"):
            for pair in (None, self.late, self.foreign):
                self.turned_away(gate, pair, version)
            self.client(gate.address, tls=self.by(self.guest, version))
        # Of clients with TLS: who uses none is up to the account's REQUIRE.
        self.client(gate.address, tls=False)

    def test_huge(self):
        """A certificate costs memory before it is verified: there is a most."""
        gate = self.start_gate(self.asked("optional"))
        for size, good in ((8000, True), (30000, False), (1_000_000, False)):
            pair = self.authority.issue(f"large-{size}", client=True,
                                        more=[f"nsComment={'x' * size}"])
            for version in ("1.2", "1.3"):
                if good:
                    self.client(gate.address, tls=self.by(pair, version))
                else:
                    self.turned_away(gate, pair, version)
        self.assertLess(gate.memory(), 200 * scenario.MEBIBYTE)

    def test_off(self):
        """Nobody is asked, so what a client has stays with it."""
        gate = self.start_gate()
        self.client(gate.address, tls=self.by(self.foreign))

    def leases(self, gate):
        return {entry["name"]: entry["leases"] for entry in gate.status()["classes"]
                if entry["leases"]}

    def test_class_by_subject(self):
        classes = [{"name": "shops", "subjects": ["CN=shop*,O=Example"], "users": ["app"]},
                   {"name": "guests", "subjects": ["CN=guest"]}]
        gate = self.start_gate(self.asked("optional", **{"class": classes}))
        for pair, user, expected in ((self.shop, "app", "shops"), (self.guest, "app", "guests"),
                                     (self.shop, "weak", None), (None, "app", None)):
            client = self.client(gate.address, user, tls=self.by(pair))
            held = self.leases(gate)
            client.sock.close()
            self.all_back(gate)
            with self.subTest(f"{user} {expected}"):
                self.assertEqual(sum(held.values()), 1)
                if expected:
                    self.assertEqual(held, {expected: 1})
                else:
                    self.assertFalse({"shops", "guests"} & set(held), held)

    def test_class_of_a_change_of_user(self):
        """The subject is the connection's: it counts for the next user as well."""
        classes = [{"name": "shops", "subjects": ["CN=shop*,O=Example"], "users": ["many"]}]
        gate = self.start_gate(self.asked("optional", **{"class": classes}))
        client = self.client(gate.address, "weak", tls=self.by(self.shop))
        self.assertNotIn("shops", self.leases(gate))
        client.send(0, wire.change_user_payload("many", b"", "shop"))
        client.auth("many-secret")
        self.assertEqual(client.query_value("SELECT CURRENT_USER()"), "many@%")
        self.assertEqual(self.leases(gate), {"shops": 1})

    def test_resumed_is_not_believed_anew(self):
        """A ticket carries a certificate; one from before another client_ca came says nothing."""
        gate = self.start_gate(self.asked("required"))
        context = self.by(self.shop)
        first = self.client(gate.address, tls=context)
        first.query_value("SELECT 1")
        session = first.sock.tls.session
        gate.write(self.config(gate={"client_certificates": "required",
                                     "client_ca": self.other.certificate}))
        code, answer = gate.request("POST", "/reload")
        self.assertEqual(code, 200, answer)
        with wire.Blocking(gate.address, tls=False) as client:
            client.greeting()
            client.sock.sendall(wire.packet(1, wire.ssl_request()))
            with self.assertRaises((OSError, EOFError)):
                client.sock = tls_socket.TlsSocket(client.sock, context,
                                                   session=session).handshake()
                client.sock.sendall(wire.packet(2, wire.login_payload(
                    "app", b"", "shop", wire.CAPABILITIES | wire.SSL, b"other")))
                client.read()
        self.assertEqual(first.query_value("SELECT 'goes on'"), "goes on")


class Reload(Encrypted, scenario.Scenario):

    def setUp(self):
        self.place = self.authority.issue(f"{self._testMethodName}", "first", reader="nobody")
        self.gate = self.start_gate(self.config(gate={
            "certificate": self.place.certificate, "private_key": self.place.key}))

    def shown(self):
        """The fingerprint of the certificate that a new connection sees."""
        client = self.client(self.gate.address)
        self.assertEqual(client.query_value("SELECT 1"), "1")
        return client.sock.fingerprint()

    def diff(self):
        status, out, _ = self.gate.cli("diff", str(self.gate.file))
        return status, out

    def test_renewed_while_the_file_turns_tls_off(self):
        """What runs until the restart is renewed until then."""
        first = self.place.fingerprint()
        self.gate.write(self.config(gate={"tls": "off"}))
        certificates.put(self.authority.issue("third", reader="nobody"), self.place)
        code, answer = self.gate.request("POST", "/reload")
        self.assertEqual(code, 200, answer)
        self.assertIn('gate.tls: "terminate" -> "off"', answer["need_restart"])
        self.assertEqual(answer["changed"], [])
        renewed = self.shown()
        self.assertEqual(renewed, self.place.fingerprint())
        self.assertNotEqual(renewed, first)
        pathlib.Path(self.place.certificate).write_bytes(b"gone\n")
        code, answer = self.gate.request("POST", "/reload")
        self.assertEqual(code, 200, answer)
        self.assertIn("what was loaded before stays", "\n".join(answer["problems"]))
        self.assertEqual(self.shown(), renewed)

    def test_tls_that_only_a_restart_brings(self):
        """A key that root alone can read keeps no reload of something else from being done."""
        secret = self.authority.issue("secret")
        gate = self.start_gate(self.config(gate={"tls": "off"}))
        gate.write(self.config(source={"connect_rate": "7/s"}, gate={
            "certificate": secret.certificate, "private_key": secret.key}))
        code, answer = gate.request("POST", "/reload")
        self.assertEqual(code, 200, answer)
        self.assertIn('gate.tls: "off" -> "terminate"', answer["need_restart"])
        self.assertEqual([line.split(":")[0] for line in answer["changed"]],
                         ["source.connect_rate"])
        if os.geteuid() == 0:
            self.assertIn("gate.private_key: " + secret.key, "\n".join(answer["problems"]))

    def test_a_bad_file_is_told_with_its_line(self):
        path = pathlib.Path(self.place.certificate)
        path.write_bytes(b"this is no certificate\n")
        code, answer = self.gate.request("POST", "/reload")
        self.assertEqual(code, 422, answer)
        lines = self.gate.file.read_text().splitlines()
        line = next(i for i, text in enumerate(lines, 1) if text.startswith("certificate"))
        self.assertEqual(len(answer["problems"]), 1, answer)
        self.assertIn(f"{self.gate.file}:{line}:1: gate.certificate: ", answer["problems"][0])

    def test_swapped(self):
        first, live = self.place.fingerprint(), self.client(self.gate.address)
        self.assertEqual(live.sock.fingerprint(), first)
        certificates.put(self.authority.issue("second", reader="nobody"), self.place)
        self.assertEqual(self.shown(), first, "not before the reload")
        line = f"gate.certificate: another one in \"{self.place.certificate}\""
        self.assertEqual(self.diff(), (1, line + "\n"))
        code, answer = self.gate.request("POST", "/reload")
        self.assertEqual(code, 200, answer)
        self.assertEqual(answer["changed"], [line])
        self.assertEqual(self.diff(), (0, "nothing would change\n"))
        self.assertEqual(self.shown(), self.place.fingerprint())
        self.assertNotEqual(self.place.fingerprint(), first)
        self.assertEqual(live.query_value("SELECT 'goes on'"), "goes on")
        self.assertEqual(leg(live)[:3], "TLS")

    def test_broken(self):
        """Whatever is wrong with the files, the old ones stay, and the answer names what it is."""
        first, live = self.place.fingerprint(), self.client(self.gate.address)
        good = {path: pathlib.Path(path).read_bytes()
                for path in (self.place.certificate, self.place.key)}
        another = pathlib.Path(self.authority.issue("another").key).read_bytes()
        for name, path, content in (
                ("key of another", self.place.key, another),
                ("no PEM", self.place.certificate, b"this is no certificate\n"),
                ("empty", self.place.certificate, b""),
                ("cut off", self.place.certificate, good[self.place.certificate][:200]),
                ("key cut off", self.place.key, good[self.place.key][:100])):
            with self.subTest(name):
                pathlib.Path(path).write_bytes(content)
                code, answer = self.gate.request("POST", "/reload")
                status, out, err = self.gate.cli("reload")
                pathlib.Path(path).write_bytes(good[path])
                self.assertNotEqual(code, 200, answer)
                self.assertNotEqual(status, 0, out)
                self.assertIn(pathlib.Path(path).name, out + err)
                self.assertEqual(self.shown(), first)
        self.assertEqual(live.query_value("SELECT 'goes on'"), "goes on")
        code, answer = self.gate.request("POST", "/reload")
        self.assertEqual(code, 200, answer)

    def test_missing(self):
        first, path = self.place.fingerprint(), pathlib.Path(self.place.certificate)
        path.rename(f"{path}.away")
        status, out, err = self.gate.cli("reload")
        pathlib.Path(f"{path}.away").rename(path)
        self.assertNotEqual(status, 0, out)
        self.assertIn(path.name, out + err)
        self.assertEqual(self.shown(), first)

    def test_broken_at_the_start(self):
        """It does not start, and says which file is why."""
        other = self.authority.issue("start", reader="nobody")
        gate = Gate(self.config(gate={"private_key": other.key}))
        gate.start(wait=False)
        try:
            self.assertNotEqual(gate.process.wait(10), 0)
            self.assertRegex(gate.text(), r"start\.key|gate\.pem|private_key|certificate")
        finally:
            gate.stop(quiet=True)

    def test_no_secret_in_the_log(self):
        """Neither a key nor a password, whatever went wrong before."""
        key = pathlib.Path(self.place.key).read_text(encoding="utf8").splitlines()[1]
        pathlib.Path(self.place.key).write_text("-----BEGIN PRIVATE KEY-----\n" + key,
                                                encoding="utf8")
        _, out, err = self.gate.cli("reload")
        self.heard(self.gate.address, password="not-the-password")
        self.client(self.gate.address)
        text = self.gate.log.read_text(errors="replace") + out + err
        for secret in (key, "app-secret", "not-the-password"):
            self.assertNotIn(secret, text)


if __name__ == "__main__":
    scenario.main()
