#!/usr/bin/python3
"""The mariadb command line client, driven as people drive it; prints what it said as JSON lines.

usage: mariadb_cli.py HOST PORT USER PASSWORD DATABASE [refused]
"""
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HOST, PORT, USER, PASSWORD, DATABASE = sys.argv[1:6]
CA, VERSION = os.environ.get("HEADGATE_TLS_CA"), os.environ.get("HEADGATE_TLS_VERSION")
REFUSED = "SELECT name AS refused FROM items WHERE id = 1;\n"


def command(*arguments, user=USER, password=PASSWORD, database=DATABASE):
    line = ["mariadb", "--no-defaults", "--protocol=tcp", "-h", HOST, "-P", PORT, "-u", user,
            "--default-character-set=utf8mb4", "--connect-timeout=20", *arguments]
    line += [f"--ssl-ca={CA}", "--ssl-verify-server-cert"] if CA else []
    line += [f"--tls-version=TLSv{VERSION}"] if VERSION else []
    line += [f"--password={password}"] if password is not None else ["--skip-password"]
    return line + ([database] if database else [])


def cleaned(text):
    """Takes out what differs between any two runs: connection ids, ports and times."""
    if len(text) > 20000:  # rows; the patterns below would take minutes
        return f"sha256 {hashlib.sha256(text.encode()).hexdigest()}"
    text = re.sub(r"/\S+/headgate_load\w*", "FILE", text)
    text = re.sub(r"(?i)(connection id:\s*)\d+", r"\1N", text).replace(PORT, "PORT")
    return re.sub(r"(Uptime:|Threads:|\(\d+\.\d+ sec|.*per second avg).*", "", text)


def run(step, *arguments, text="", **login):
    done = subprocess.run(command(*arguments, **login), input=text.encode(), capture_output=True,
                          timeout=60, check=False)
    print(json.dumps({"step": step, "exit": done.returncode,
                      "out": cleaned(done.stdout.decode("utf-8", "backslashreplace")),
                      "err": cleaned(done.stderr.decode("utf-8", "backslashreplace"))}), flush=True)


def logins():
    run("connect", "-N", "-e", "SELECT DATABASE(), CURRENT_USER(), USER(), VERSION()")
    run("no database", "-N", "-e", "SELECT DATABASE()", database=None)
    run("wrong password", "-e", "SELECT 1", password=PASSWORD + "x")
    run("no password", "-e", "SELECT 1", password=None)
    run("unknown user", "-e", "SELECT 1", user="nobody9")
    run("missing database", "-e", "SELECT 1", database="nowhere")
    run("database not granted", "-e", "SELECT 1", database="mysql")
    run("ed25519", "-N", "-e", "SELECT CURRENT_USER()", user="edward", password="secret-edward")
    run("ed25519, wrong", "-N", "-e", "SELECT CURRENT_USER()", user="edward", password="no")
    run("compressed", "--compress", "-N", "-e", "SELECT REPEAT('z', 300000)")
    run("ssl wished", "--ssl", "-N", "-e", "SELECT 1")


def encrypted():
    run("tls", "-N", "-e", "SELECT VARIABLE_VALUE LIKE 'TLS%' FROM information_schema.SESSION_STATUS"
        " WHERE VARIABLE_NAME = 'SSL_VERSION'")
    run("tls, another CA", f"--ssl-ca={CA}.other", "-e", "SELECT 1")


def statements():
    run("all kinds", "--binary-as-hex", "-t", "-e", "SELECT * FROM items ORDER BY id")
    run("column types", "--column-type-info", "-e", "SELECT * FROM items LIMIT 1")
    run("syntax", "-e", "SELEC 1")
    run("no table", "-e", "SELECT * FROM nowhere")
    run("status", "-e", "status")
    run("warnings", "--show-warnings", "-e", "SELECT CAST('x' AS INT), 1/0")
    run("multi statements", "-v", "-v", "--delimiter=//", "-e", "SELECT 1; SELECT 2; CALL two_results()//")
    run("force", "--force", "-N", text="SELECT 1;\nSELEC 2;\nSELECT 3;\n")
    run("use and prepared", "-N", text="USE stock2;\nSELECT DATABASE();\nUSE stock;\n"
        "PREPARE p FROM 'SELECT name FROM items WHERE id = ?';\nSET @i = 2;\nEXECUTE p USING @i;\n")
    run("new connection, then as before", "-N", text="SELECT 1;\nconnect\nSELECT CURRENT_USER();\n")
    run("big", "-N", "-e", "SELECT MD5(x), LENGTH(x) FROM (SELECT REPEAT('0123456789', 2000000) x) y")
    run("completion", "--auto-rehash", "-N", text="SELECT COUNT(*) FROM items;\n")
    run("safe updates", "-U", "-N", "-e", "UPDATE items SET name = 'all'")


def loading():
    with tempfile.NamedTemporaryFile("w", prefix="headgate_load") as file:
        file.write("".join(f"line {i}\tof many\n" for i in range(50000)))
        file.flush()
        for step, allowed in (("load local", "--local-infile=1"), ("load refused", "--local-infile=0")):
            run(step, allowed, "-N", "-v", "-e", f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE loaded "
                "FIELDS TERMINATED BY '' (line); SELECT COUNT(*), MD5(GROUP_CONCAT(line)) FROM loaded; "
                "DELETE FROM loaded")


def scalar(sql):
    done = subprocess.run(command("-N", "-e", sql), capture_output=True, timeout=60, check=True)
    return done.stdout.decode().strip()


def control_c():
    """Ctrl-C: the client logs in once more and sends KILL QUERY with the id it was greeted with."""
    victim = subprocess.Popen(command("-N", "-e", "SELECT SLEEP(30) AS control_c"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    start = time.monotonic()
    while time.monotonic() - start < 10 and scalar(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%control_c%' "
            "AND info NOT LIKE '%processlist%'") == "0":
        time.sleep(0.1)
    os.kill(victim.pid, signal.SIGINT)
    out, err = victim.communicate(timeout=60)
    print(json.dumps({"step": "Ctrl-C", "exit": victim.returncode, "out": cleaned(out.decode()),
                      "err": cleaned(err.decode()), "soon": time.monotonic() - start < 10}), flush=True)


def refused():
    """The gate has a rule against the statement; a new connection would have another id."""
    which = "SELECT CONNECTION_ID();\n"
    done = subprocess.run(command("-N", "--force"), input=(which + REFUSED + which).encode(),
                          capture_output=True, timeout=60, check=False)
    ids = done.stdout.split()
    print(json.dumps({"step": "text", "error": done.stderr.decode(),
                      "same": len(ids) == 2 and ids[0] == ids[1]}), flush=True)
    run("alone", "-e", REFUSED)


if sys.argv[6:] == ["refused"]:
    refused()
else:
    logins()
    if CA:
        encrypted()
    statements()
    loading()
    control_c()
