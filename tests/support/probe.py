"""One login after the other, from outside: what a client hears, and how long that takes."""
import dataclasses
import time

import wire

SOURCE = "127.0.0.77"


@dataclasses.dataclass
class Heard:
    """`what`: "in", the code of an ERR, "closed", "garbage", "hang" or "unreachable"."""
    what: object = "hang"
    seconds: float = 0.0
    text: str = ""
    greeting: str = ""  # the version that was greeted with

    @property
    def clear(self):
        """An ERR that a client library shows as what it is."""
        return isinstance(self.what, int)


def ask(address, source=SOURCE, user="app", timeout=10):
    """Connects, logs in, asks for @@port; what was heard."""
    heard, began = Heard(), time.monotonic()
    try:
        with wire.Blocking(address, source, timeout) as client:
            greeting = client.greeting()
            heard.greeting = greeting.version
            client.send(1, wire.login_payload(user, wire.scramble(f"{user}-secret", greeting.salt),
                                              "shop"))
            client.auth(f"{user}-secret")
            heard.text = client.query_value("SELECT @@port")
            heard.what = "in"
    except wire.ServerError as error:
        heard.what, heard.text = error.code, error.text
    except TimeoutError:
        heard.what = "hang"
    except ConnectionRefusedError:
        heard.what = "unreachable"
    except ValueError:
        heard.what = "garbage"
    except (EOFError, OSError):
        heard.what = "closed"
    heard.seconds = time.monotonic() - began
    return heard


def ask_until(address, wanted, seconds, step=0.1, **options):
    """Asks until wanted(heard); (all that was heard, seconds it took or None)."""
    heard, began = [], time.monotonic()
    while time.monotonic() - began < seconds:
        heard.append(ask(address, **options))
        if wanted(heard[-1]):
            return heard, time.monotonic() - began
        time.sleep(step)
    return heard, None
