#!/usr/bin/python3
"""Stock clients over TLS see the same through the gate as on the server itself, over TLS as well.

The programs of clients/, as in test_clients.py; each believes one CA only, checks the name where
its library can, and says what the server's own status says of the session's other leg. With TLS 1.3
(or what the client prefers) and, where a client can be told so, with 1.2.
"""
import pathlib
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "clients"))
sys.path.insert(0, str(HERE.parent / "support"))

# pylint: disable=wrong-import-position
import certificates  # noqa: E402
import test_clients  # noqa: E402
from encrypted import Encrypted  # noqa: E402
from scenario import main  # noqa: E402

LOST = [2013, "HY000", "Lost connection to server during query"]
# For libraries that cannot be told: the newest version that OpenSSL offers.
OPENSSL_CONF = """openssl_conf = conf
[conf]
ssl_conf = ssl
[ssl]
system_default = newest
[newest]
MaxProtocol = TLSv1.{minor}
"""


class OverTls(Encrypted, test_clients.Clients):
    raw_by_tls = False
    asked = None  # of HEADGATE_TLS_VERSION

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ca = cls.authority.certificate
        with certificates.Authority("somebody else") as other:
            shutil.copyfile(other.certificate, f"{ca}.other")
        cls.settings = {"HEADGATE_TLS_CA": ca}
        if cls.asked:
            conf = cls.authority.folder / "openssl.cnf"
            conf.write_text(OPENSSL_CONF.format(minor=cls.asked[2:]), encoding="utf8")
            cls.settings |= {"HEADGATE_TLS_VERSION": cls.asked, "OPENSSL_CONF": str(conf)}

    def transcript(self, command, address, environment):
        lines = super().transcript(command, address, {**environment, **self.settings})
        said = [line for line in lines if line["step"] == "tls"]
        self.assertEqual(len(said), 1, lines)
        for line in lines:  # MariaDB ends a killed connection without a word by TLS; the gate has one
            if "unexpected eof" in str(line.get("error")):
                line["error"][:3] = LOST
        self.assertTrue(said[0].get("out") == "1\n" or "TLS" in str(said[0]), said)
        return lines

    def all_back(self, gate, seconds=10):
        """A client that closes says so to its TLS first: bytes that MariaDB takes for a command to
        come, so that a SLEEP goes on, where it ends without TLS."""
        for session, _ in self.db.running("SLEEP"):
            self.db.query("KILL %s", session)
        super().all_back(gate, seconds)

    @unittest.skip("compression has a test without TLS")
    def test_php_mysqlnd_compressed(self):
        pass


class OverTls12(OverTls):
    asked = "1.2"

    def test_php_mysqlnd(self):
        self.skipTest("mysqlnd names the versions it offers itself, whatever OpenSSL is told")


if __name__ == "__main__":
    main()
