"""A private CA and what it signs, as PEM files, made with the `openssl` program.

Keys are EC (P-256) unless RSA is asked for: an RSA key takes a second to find. A folder of them is
open to read, since gate and server run as users of their own; a key belongs to who is named as its
reader, when the test is root. All of it is thrown away with the test.
"""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import tempfile

import netns

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("rsa:2048",)
HERE = ("DNS:localhost", "DNS:db.test", "IP:127.0.0.1", "IP:0:0:0:0:0:0:0:1",
        f"IP:{netns.GATE_CLIENT_SIDE}", f"IP:{netns.DB}")


def openssl(*words, text=None):
    """Its standard output; an error with what it said when it fails."""
    done = subprocess.run(["openssl", *map(str, words)], input=text, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


@dataclasses.dataclass
class Pair:
    certificate: str
    key: str

    def fingerprint(self):
        """SHA-256 of the certificate, in hex, as of ssl's getpeercert(binary_form=True)."""
        out = openssl("x509", "-in", self.certificate, "-noout", "-fingerprint", "-sha256")
        return out.strip().split("=")[1].replace(":", "").lower()


def subject_of(names):
    """{"CN": "shop", "O": "x"} as openssl's -subj takes it; text is a common name."""
    names = {"CN": names} if isinstance(names, str) else names
    return "".join(f"/{kind}={value}" for kind, value in names.items())


class Authority:
    """`with` one, or remove() it. Names of pairs are names of files in its folder."""

    def __init__(self, name="headgate tests"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-ca-", dir="/tmp"))
        self.folder.chmod(0o755)
        self._made = 0
        self.own = self.self_signed("ca", name, ("basicConstraints=critical,CA:TRUE",
                                                 "keyUsage=critical,keyCertSign,cRLSign"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def certificate(self):
        return self.own.certificate

    def _files(self, name):
        return Pair(str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key"))

    def self_signed(self, name, subject="alone", extensions=(f"subjectAltName={','.join(HERE)}",),
                    kind=EC):
        """What no CA has signed."""
        pair = self._files(name)
        more = [word for line in extensions for word in ("-addext", line)]
        openssl("req", "-x509", "-newkey", *kind, "-nodes", "-days", 30, "-keyout", pair.key,
                "-out", pair.certificate, "-subj", subject_of(subject), *more)
        return pair

    def issue(self, name, subject=None, names=HERE, days=30, kind=EC, client=False, reader=None,
              more=()):
        """A server's certificate, or a client's; with `days` < 0 it is past its date.

        Server: `names` are its subjectAltName. `reader` is the user who gets the key, `more` are
        lines of extensions."""
        pair, request = self._files(name), self.folder / f"{name}.csr"
        openssl("req", "-new", "-newkey", *kind, "-nodes", "-keyout", pair.key, "-out", request,
                "-subj", subject_of(subject or name))
        usage = "clientAuth" if client else "serverAuth"
        lines = [f"extendedKeyUsage={usage}", *more]
        if names and not client:
            lines.append(f"subjectAltName={','.join(names)}")
        extensions = self.folder / f"{name}.ext"
        extensions.write_text("\n".join(lines) + "\n", encoding="utf8")
        self._made += 1
        openssl("x509", "-req", "-in", request, "-CA", self.own.certificate, "-CAkey", self.own.key,
                "-set_serial", 1000 + self._made, "-days", days, "-extfile", extensions,
                "-out", pair.certificate)
        give(pair, reader)
        return pair


def add_chain(pair, authority):
    """Puts the CA's certificate behind the pair's own, as MariaDB sends it too."""
    with open(pair.certificate, "ab") as file:
        file.write(pathlib.Path(authority.certificate).read_bytes())
    return pair


def give(pair, reader):
    """The key to `reader` (None: it stays with who runs the test)."""
    os.chmod(pair.certificate, 0o644)
    if reader and os.geteuid() == 0:
        shutil.chown(pair.key, reader)


def put(pair, place):
    """Copies certificate and key over those of `place`, whose owner and mode stay."""
    for source, target in ((pair.certificate, place.certificate), (pair.key, place.key)):
        pathlib.Path(target).write_bytes(pathlib.Path(source).read_bytes())
