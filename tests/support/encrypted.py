"""Scenarios with TLS on both legs: a CA, a server's certificate, the gate's own, clients that ask.

Laid over a Scenario: `class X(Encrypted, Scenario)`. All raw clients of such a file ask for TLS and
verify the other side, unless they are told `tls=False`.
"""
import certificates
import scenario
import tls_socket
import wire


class Encrypted:
    version = None        # the newest that the raw clients offer, and the oldest: "1.2"
    raw_by_tls = True
    server_has_tls = True

    @classmethod
    def setUpClass(cls):
        cls.make_certificates()
        super().setUpClass()

    @classmethod
    def make_certificates(cls):
        cls.authority = certificates.Authority()
        cls.addClassCleanup(cls.authority.remove)
        cls.gate_pair = certificates.add_chain(cls.authority.issue("gate", reader="nobody"),
                                               cls.authority)
        cls.server_pair = cls.authority.issue("server", reader="mysql")
        cls.by_tls = tls_socket.context(cls.authority, cls.version)
        if cls.raw_by_tls:
            wire.Blocking.tls = cls.by_tls
            cls.addClassCleanup(setattr, wire.Blocking, "tls", None)
        if cls.server_has_tls:
            cls.database_keys = {"tls": cls.server_pair, "ca": cls.authority.certificate}

    def tls_keys(self, **over):
        """Of [gate]."""
        return {"tls": "terminate", "certificate": self.gate_pair.certificate,
                "private_key": self.gate_pair.key, "backend_ca": self.authority.certificate, **over}

    def config(self, **over):
        return super().config(**scenario.merged({"gate": self.tls_keys()}, over))

    def client(self, address, user="app", **options):
        """A raw client that is logged in; closed at the test's end, if not before."""
        client = wire.Blocking(address, **options)
        self.addCleanup(client.sock.close)
        client.login(user, f"{user}-secret", "shop")
        self.addCleanup(client.sock.close)
        return client

    def heard(self, address, user="app", password=None, **options):
        """refused() of a login of a client with `options` of wire.Blocking."""
        password = f"{user}-secret" if password is None else password
        with wire.Blocking(address, **options) as client:
            return refused(lambda: client.login(user, password, "shop"))

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


def refused(login):
    """What a client hears whose `login()` fails: (code, sqlstate, text), or ("closed", "", "")."""
    try:
        login()
    except wire.ServerError as error:
        return error.code, error.sqlstate, error.text
    except (EOFError, OSError):
        return "closed", "", ""
    raise AssertionError("was let in")


def asks_all_the_same(client):
    """What a client hears that asks for TLS where the greeting offers none."""
    client.greeting()
    client.sock.sendall(wire.packet(1, wire.ssl_request()))
    return refused(lambda: client.auth(""))
