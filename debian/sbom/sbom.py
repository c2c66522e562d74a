#!/usr/bin/python3
"""What headgate is made of, as SPDX 2.3 in JSON: every library that is linked, loaded or compiled
in, with version, source package and licence. The same binary and the same packages make the same
bytes; the time is SOURCE_DATE_EPOCH, or now where that is not set.

Usage: sbom.py BUILD_FOLDER > headgate.spdx.json
"""
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import licences  # noqa: E402
import linked  # noqa: E402

TARGET = "guard/headgate"
HEADGATE = "SPDXRef-headgate"
FIELDS = ("Version", "Architecture", "source:Package", "source:Version")
INSIDE = "headers of it are compiled in"
LINKED = "objects of it are linked in"


def spdx_id(package):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", package)


def facts(package):
    line = linked.run("dpkg-query", "-W", "-f", "\t".join(f"${{{one}}}" for one in FIELDS) + "\n",
                      package).splitlines()[0]
    return dict(zip(FIELDS, line.split("\t")))


def debian_package(package):
    known = facts(package)
    file = licences.copyright_file(package)
    text = file.read_text("utf8", "replace") if file.exists() else ""
    version, source = known["Version"], known["source:Package"]
    reviewed = licences.REVIEWED.get(source, "NOASSERTION")
    purl = (f"pkg:deb/debian/{package}@{version}?arch={known['Architecture']}"
            "&distro=bookworm").replace("+", "%2B")
    return {
        "SPDXID": spdx_id(package),
        "name": package,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"Debian source package {source} {known['source:Version']}",
        "licenseDeclared": licences.declared(text),
        "licenseConcluded": reviewed,
        "licenseComments": f"Declared: the whole source package, as {file} says it. Concluded: "
                           "the part of it that is linked or compiled in, as that file was read.",
        "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": purl}],
    }


def own_package(binary):
    version = json.loads(linked.run(binary, "version", "--json"))["version"]
    digest = hashlib.sha256(pathlib.Path(binary).read_bytes()).hexdigest()
    return {
        "SPDXID": HEADGATE,
        "name": "headgate",
        "versionInfo": version,
        "packageFileName": "headgate",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
        "licenseDeclared": "Apache-2.0",
        "licenseConcluded": "Apache-2.0",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "APPLICATION",
    }


def dynamic(binary):
    """{(who, "DYNAMIC_LINK", package): the library} for the binary and, in turn, its libraries."""
    paths = linked.libraries(binary)
    owner = linked.owners(paths.values())
    found = {}
    asked = [(HEADGATE, binary), *((spdx_id(owner[path]), path) for path in paths.values())]
    for who, path in asked:
        for name in linked.needed(path):
            if name not in paths:  # the dynamic linker itself
                continue
            package = owner[paths[name]]
            if spdx_id(package) != who:
                found.setdefault((who, "DYNAMIC_LINK", package), []).append(name)
    return {key: ", ".join(sorted(set(names))) for key, names in found.items()}


def relations(build, binary):
    found = dynamic(binary)
    for package in linked.owners(linked.headers(build, TARGET)).values():
        found[HEADGATE, "STATIC_LINK", package] = INSIDE
    for package in linked.owners(linked.static_parts(build, TARGET)).values():
        found[HEADGATE, "STATIC_LINK", package] = LINKED
    chart = linked.chart_library(build)
    package = linked.owners([chart])[chart]
    found[HEADGATE, "CONTAINS", package] = os.path.basename(chart) + ", of the page"
    return found


def created():
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def extracted(packages):
    used = {one["licenseConcluded"] for one in packages}
    return [{"licenseId": name, "extractedText": text}
            for name, text in sorted(licences.EXTRACTED.items()) if name in used]


def document(build):
    binary = str(pathlib.Path(build, TARGET).resolve())
    own, found = own_package(binary), relations(build, binary)
    packages = [own, *(debian_package(one) for one in sorted({key[2] for key in found}))]
    links = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
              "relatedSpdxElement": HEADGATE}]
    links += [{"spdxElementId": who, "relationshipType": kind,
               "relatedSpdxElement": spdx_id(package), "comment": why}
              for (who, kind, package), why in sorted(found.items())]
    made = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"headgate-{own['versionInfo']}", "packages": packages,
            "relationships": links, "hasExtractedLicensingInfos": extracted(packages)}
    # Another name for other contents, and the same for the same.
    contents = json.dumps(made, sort_keys=True)
    made["documentNamespace"] = "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, contents))
    made["creationInfo"] = {"created": created(), "creators": ["Tool: headgate-sbom"]}
    return made


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__.strip())
    try:
        print(json.dumps(document(sys.argv[1]), indent=1, sort_keys=True))
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"sbom: {error}\n{error.stderr}") from error
    except OSError as error:
        raise SystemExit(f"sbom: {error}") from error


if __name__ == "__main__":
    main()
