"""Scenarios with TLS on both legs: a CA, a server's certificate, the gate's own, clients that ask.

Laid over a Scenario: `class X(Encrypted, Scenario)`. All raw clients of such a file ask for TLS and
verify the other side, unless they are told `tls=False`.
"""
import certificates
import scenario
import tls_socket
import wire
from private_mariadb import PrivateMariadb


class Encrypted:
    version = None        # the newest that the raw clients offer, and the oldest: "1.2"
    client_ca = True      # the server knows the CA as well, for accounts that REQUIRE X509
    raw_by_tls = True

    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.addClassCleanup(cls.authority.remove)
        cls.gate_pair = cls.authority.issue("gate", reader="nobody")
        cls.server_pair = cls.authority.issue("server", reader="mysql")
        cls.by_tls = tls_socket.context(cls.authority, cls.version)
        if cls.raw_by_tls:
            wire.Blocking.tls = cls.by_tls
            cls.addClassCleanup(setattr, wire.Blocking, "tls", None)
        super().setUpClass()

    @classmethod
    def start_database(cls, *options, tls=None):
        """Another server, with `tls` instead of the class's pair; ends with the class."""
        db = PrivateMariadb(cls.max_connections, [*cls.db_options, *options], tls=tls,
                            ca=cls.authority.certificate).start()
        cls.addClassCleanup(db.stop)
        return db

    @classmethod
    def make_database(cls):
        return PrivateMariadb(cls.max_connections, cls.db_options, tls=cls.server_pair,
                              ca=cls.authority.certificate)

    def tls_keys(self, **over):
        """Of [gate]."""
        return {"tls": "terminate", "certificate": self.gate_pair.certificate,
                "private_key": self.gate_pair.key, "backend_ca": self.authority.certificate, **over}

    def config(self, **over):
        return super().config(**scenario.merged({"gate": self.tls_keys()}, over))

    def encrypted_app(self, target, **options):
        return self.start_app(target, ca=self.authority.certificate, **options)


def leg(client, name="Ssl_version"):
    """What the server says of its own leg of a wire.Blocking's session: "TLSv1.3", or empty."""
    client.send(0, b"\x03" + f"SHOW SESSION STATUS LIKE '{name}'".encode())
    rows = []
    for _ in range(3):  # columns, two definitions; then rows between two EOFs
        client.read()
    client.read()
    while (payload := client.read()[1])[:1] != b"\xfe":
        value = payload[2 + payload[0]:]
        rows.append(value.decode())
    return rows[0]
