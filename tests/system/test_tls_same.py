#!/usr/bin/python3
"""The tests that compare the gate with the server, again with TLS on both legs: logins that fail,
commands, and many megabytes either way, byte for byte.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "clients"))
sys.path.insert(0, str(HERE.parent / "support"))

# pylint: disable=wrong-import-position
import test_bulk  # noqa: E402
import test_commands  # noqa: E402
import test_fidelity  # noqa: E402
from encrypted import Encrypted  # noqa: E402
from scenario import main  # noqa: E402


class Fidelity(Encrypted, test_fidelity.Fidelity):

    def alike(self, expected, **login):
        if (login.get("user"), login.get("password")) == ("tlsonly", "pw"):
            expected = "OK"
        return super().alike(expected, **login)


class Fidelity12(Fidelity):
    version = "1.2"


class Bulk(Encrypted, test_bulk.Bulk):
    pass


class Bulk12(Bulk):
    version = "1.2"


class Kill(Encrypted, test_commands.Kill):
    pass


class Ends(Encrypted, test_commands.Ends):
    pass


class Single(Encrypted, test_commands.Single):
    pass


if __name__ == "__main__":
    main()
