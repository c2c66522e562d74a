"""A login, packet by packet as the test says, and what becomes of it."""
import dataclasses
import struct

from stage import PASSWORD, USER, wire

NEAR = "127.0.0.1"
CONNECT_ATTRS = 1 << 20
WHO = ("SELECT HEX(CONCAT_WS('|', CURRENT_USER(), USER(), DATABASE(), @@character_set_client, "
       "@@collation_connection))")


@dataclasses.dataclass
class Login:
    """One HandshakeResponse41 and how the client goes on."""
    user: object = USER            # text or bytes
    password: str = PASSWORD
    database: object = None
    source: str = NEAR
    capabilities: int = wire.CAPABILITIES
    charset: int = wire.UTF8MB4
    plugin: bytes = wire.NATIVE
    raw_answer: bytes = None       # sent instead of the scramble, first and after a switch
    attributes: bytes = None
    trailing: bytes = b""
    whole: bytes = None            # the login packet itself

    def payload(self, salt):
        if self.whole is not None:
            return self.whole
        answer = wire.scramble(self.password, salt) if self.raw_answer is None else self.raw_answer
        capabilities = self.capabilities
        capabilities |= wire.CONNECT_WITH_DB if self.database is not None else 0
        capabilities |= CONNECT_ATTRS if self.attributes is not None else 0
        out = struct.pack("<IIB23x", capabilities, 1 << 24, self.charset)
        out += as_bytes(self.user) + b"\0" + bytes([len(answer)]) + answer
        if self.database is not None:
            out += as_bytes(self.database) + b"\0"
        if capabilities & wire.PLUGIN_AUTH:
            out += self.plugin + b"\0"
        return out + (self.attributes or b"") + self.trailing


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def readable(hexadecimal):
    return bytes.fromhex(hexadecimal).decode("utf8", "backslashreplace")


def authenticate(client, login):
    """Answers switches as a client that knows the plugins does, until OK. Raises ServerError.

    A user that does not exist is asked for one plugin or the other, by the server's own choice.
    """
    while True:
        sequence, payload = client.read()
        if payload[:1] == b"\xff":
            raise wire.ServerError(payload)
        if payload[:1] == b"\0":
            return
        answer = login.raw_answer
        if answer is None and payload[1:].startswith(b"client_ed25519"):
            answer = b"e" * 64  # a wrong one
        elif answer is None:
            answer = wire.scramble(login.password, wire.switch_salt(payload))
        client.send(sequence + 1, answer)


def attempt(login, address, then=WHO):
    """What becomes of `login`: ["OK", ...], ["ERR", ...] or ["closed"]."""
    with wire.Blocking(address, login.source) as client:
        try:
            greeting = client.greeting()
            client.send(1, login.payload(greeting.salt))
            authenticate(client, login)
        except wire.ServerError as error:
            return ["ERR", error.code, error.sqlstate, error.text]
        except (EOFError, ConnectionError) as gone:
            return ["closed", type(gone).__name__]
        try:
            return ["OK", readable(client.query_value(then))]
        except wire.ServerError as error:
            return ["OK, then", error.code, error.sqlstate, error.text]
