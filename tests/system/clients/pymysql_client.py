#!/usr/bin/python3
"""PyMySQL through its public interface; prints what it saw as JSON lines.

usage: pymysql_client.py HOST PORT USER PASSWORD DATABASE [refused]
"""
import hashlib
import json
import os
import ssl
import sys
import threading
import time

import pymysql
from pymysql.constants import CLIENT

CA, VERSION = os.environ.get("HEADGATE_TLS_CA"), os.environ.get("HEADGATE_TLS_VERSION")
HOST, PORT, USER, PASSWORD, DATABASE = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]


def say(step, **seen):
    print(json.dumps({"step": step, **seen}, sort_keys=True, default=repr), flush=True)


def encryption(ca=CA):
    context = ssl.create_default_context(cafile=ca)
    if VERSION:
        context.minimum_version = context.maximum_version = (
            ssl.TLSVersion.TLSv1_2 if VERSION == "1.2" else ssl.TLSVersion.TLSv1_3)
    return {"ssl": context}


def connect(**changed):
    changed = {**(encryption() if CA else {}), **changed}
    settings = {"host": HOST, "port": PORT, "user": USER, "password": PASSWORD,
                "database": DATABASE, "charset": "utf8mb4", "local_infile": True,
                "client_flag": CLIENT.MULTI_STATEMENTS, "connect_timeout": 20}
    return pymysql.connect(**{**settings, **changed})


def error_of(action):
    """(errno, text) of what `action` raises; PyMySQL does not keep the sqlstate."""
    try:
        action()
    except pymysql.MySQLError as error:
        return list(error.args)
    return None


def ask(connection, sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def logins():
    connection = connect()
    say("connect", server=connection.get_server_info(), protocol=connection.get_proto_info(),
        rows=ask(connection, "SELECT DATABASE(), CURRENT_USER(), USER(), @@character_set_client"))
    connection.close()
    say("no database", rows=ask(connect(database=None), "SELECT DATABASE()"))
    for step, changed in (("wrong password", {"password": PASSWORD + "x"}),
                          ("no password", {"password": ""}), ("unknown user", {"user": "nobody9"}),
                          ("missing database", {"database": "nowhere"}),
                          ("database not granted", {"database": "mysql"})):
        say(step, error=error_of(lambda: connect(**changed)))


def encrypted():
    connection = connect()
    (name, server), = ask(connection, "SHOW SESSION STATUS LIKE 'Ssl_version'")
    say("tls", server=server[:3], client=connection._sock.version())
    try:
        connect(**encryption(CA + ".other"))
    except pymysql.MySQLError as error:
        say("tls, another CA", refused="CERTIFICATE_VERIFY_FAILED" in str(error))


def queries(connection):
    say("text rows", rows=ask(connection, "SELECT * FROM items ORDER BY id"))
    say("values", rows=ask(connection, "SELECT %s, %s, %s, %s", 1, "q'uote\\", b"\x00z", None))
    say("syntax", error=error_of(lambda: ask(connection, "SELEC 1")))
    say("no table", error=error_of(lambda: ask(connection, "SELECT * FROM nowhere")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 'two'; DO 0; SELECT 4")
        results = [list(cursor.fetchall())]
        while cursor.nextset():
            results.append(list(cursor.fetchall()))
        say("multi statements", results=results)
        cursor.callproc("two_results")
        first = list(cursor.fetchall())
        cursor.nextset()
        say("call", first=first, second=list(cursor.fetchall()))
    connection.begin()
    ask(connection, "INSERT INTO scratch (id, word) VALUES (%s, %s)", 100, "rolled back")
    connection.rollback()
    body = bytes(range(256)) * 8192
    with connection.cursor() as cursor:
        changed = cursor.execute("INSERT INTO scratch (id, word, body) VALUES (1, 'x', %s)", (body,))
        say("insert", changed=changed, last=cursor.lastrowid)
    connection.commit()
    (back,), = ask(connection, "SELECT body FROM scratch WHERE id = 1")
    say("two megabytes", same=back == body, sha256=hashlib.sha256(back).hexdigest())
    ask(connection, "DELETE FROM scratch")
    connection.select_db("stock2")
    say("init db", rows=ask(connection, "SELECT DATABASE()"))
    connection.select_db(DATABASE)
    connection.ping(reconnect=False)
    with connection.cursor(pymysql.cursors.SSCursor) as cursor:
        cursor.execute("SELECT seq FROM seq_1_to_20000")
        say("unbuffered", total=sum(row[0] for row in cursor.fetchall_unbuffered()))


def running(watcher, marker):
    (count,), = ask(watcher, "SELECT COUNT(*) FROM information_schema.processlist "
                    "WHERE info LIKE %s AND info NOT LIKE '%%processlist%%'", "%" + marker + "%")
    return count > 0


def kills():
    """KILL as the protocol's command and as text, by the id the client was told in the greeting."""
    watcher = connect()
    for step, kill in (("COM_PROCESS_KILL", lambda victim: watcher.kill(victim)),
                       ("KILL QUERY", lambda victim: ask(watcher, f"KILL QUERY {victim}")),
                       ("KILL", lambda victim: ask(watcher, f"kill connection {victim}"))):
        victim = connect()
        seen = []
        marker = step.replace(" ", "_")
        thread = threading.Thread(
            target=lambda: seen.append(error_of(lambda: ask(victim, f"SELECT SLEEP(30) /*{marker}*/"))
                                       or "no error"))
        start = time.monotonic()
        thread.start()
        while not running(watcher, marker) and time.monotonic() - start < 10:
            time.sleep(0.05)
        kill(victim.thread_id())
        thread.join(20)
        say(step, error=seen, soon=time.monotonic() - start < 10)
    say("kill of nobody", error=error_of(lambda: ask(watcher, "KILL QUERY 4000000")))


def refused():
    """The gate has a rule against the statement; the connection is none the worse for it."""
    connection = connect()
    before = ask(connection, "SELECT CONNECTION_ID()")
    for _ in range(2):
        error = error_of(lambda: ask(connection, "SELECT name AS refused FROM items WHERE id = 1"))
        say("text", error=error, same=ask(connection, "SELECT CONNECTION_ID()") == before)
    connection.close()


if sys.argv[6:] == ["refused"]:
    refused()
else:
    logins()
    if CA:
        encrypted()
    main = connect()
    queries(main)
    main.close()
    kills()
