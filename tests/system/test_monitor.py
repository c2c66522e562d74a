#!/usr/bin/python3
"""The gate's own account at a real server: KILL, locks, and what becomes of it when it cannot log
in."""
import contextlib
import os
import pathlib
import shutil
import socket
import struct
import sys
import threading
import time

import pymysql

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import scenario
from gate import Gate
from private_mariadb import MONITOR_PASSWORD

# A killed BENCHMARK() is answered with 0 by MariaDB, not with an error; this one is not.
HEAVY = "SELECT COUNT(*) AS heavy FROM items a, items b, items c"
NOT_MIRRORED = 1 << 5 | 1 << 11 | 1 << 26  # compression, TLS
EXTENDED_MIRRORED = 0b111101  # all but COM_MULTI


class Monitor(scenario.Scenario):

    def monitored(self, query=None, **monitor):
        return self.config(monitor=monitor, **({"query": query} if query else {}))

    def client(self, gate, **options):
        host, port = gate.address
        client = pymysql.connect(host=host, port=port, user="app", password="app-secret",
                                 database="shop", autocommit=True, **options)
        self.addCleanup(self.close, client)
        return client

    def close(self, client):
        with contextlib.suppress(pymysql.Error):
            client.close()

    def ask(self, client, sql):
        with client.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def start_unready(self, config):
        """A gate whose monitor does not come up."""
        gate = Gate(config)
        gate.monitored = False
        self.addCleanup(self._end_gate, gate)
        return gate.start()

    def wait_for_error(self, gate, part):
        self.assertTrue(scenario.wait_for(lambda: part in gate.status()["monitor"]["error"], 15),
                        gate.status()["monitor"])
        self.assertFalse(gate.status()["monitor"]["up"])

    def wait_until_up(self, gate, seconds=15):
        self.assertTrue(scenario.wait_for(lambda: gate.status()["monitor"]["up"], seconds),
                        gate.status()["monitor"])

    def write_password(self, path, mode=0o600):
        path.write_text(MONITOR_PASSWORD + "\n", encoding="utf8")
        path.chmod(mode)
        if os.geteuid() == 0:
            shutil.chown(path, "nobody")

    def test_a_deadline_is_kept(self):
        gate = self.start_gate(self.monitored({"deadline": "500ms"}))
        client, took = self.client(gate), []
        for _ in range(5):
            began = time.monotonic()
            with self.assertRaises(pymysql.Error) as raised:
                self.ask(client, HEAVY)
            took.append(time.monotonic() - began)
            self.assertEqual(raised.exception.args[0], 1317)
            self.assertEqual(self.ask(client, "SELECT 1"), ((1,),))
        self.figures("deadline 500ms", f"ended after {[round(t, 3) for t in took]} s")
        self.assertGreater(min(took), 0.45)
        self.assertLess(max(took), 1.5)
        self.assertEqual(gate.status()["monitor"]["kills"], 5)

    def test_what_nobody_waits_for_is_killed(self):
        gate = self.start_gate(self.monitored())
        client = self.client(gate)
        sender = threading.Thread(target=self.ask_and_lose, args=(client,))
        sender.start()
        self.assertTrue(scenario.wait_for(lambda: self.db.running("AS heavy")))
        began = time.monotonic()
        client._sock.shutdown(socket.SHUT_RDWR)
        self.assertTrue(scenario.wait_for(lambda: not self.db.running("AS heavy"), 5, 0.01))
        self.figures("orphan", f"gone after {time.monotonic() - began:.3f} s")
        self.assertLess(time.monotonic() - began, 1.5)
        sender.join()
        self.all_back(gate)

    def ask_and_lose(self, client):
        with contextlib.suppress(Exception):
            self.ask(client, HEAVY)

    def test_the_password_file_may_come_later(self):
        folder = pathlib.Path(self.db.folder)
        file = folder / "later.password"
        gate = self.start_unready(self.monitored({"deadline": "500ms"}, password_file=str(file)))
        self.assertFalse(gate.status()["monitor"]["configured"])
        self.assertEqual(gate.status()["monitor"]["error"], "")
        self.write_password(file, 0o644)
        self.wait_for_error(gate, "chmod o=")
        self.write_password(file)
        self.wait_until_up(gate)
        with self.assertRaises(pymysql.Error):
            self.ask(self.client(gate), HEAVY)

    def test_an_account_that_lacks_privileges(self):
        self.db.query("CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'headgate-secret'")
        gate = self.start_unready(self.monitored(user="poor"))
        self.wait_for_error(gate, "lacks PROCESS and CONNECTION ADMIN")
        self.db.query("GRANT PROCESS ON *.* TO poor@'%'")
        self.wait_for_error(gate, "lacks CONNECTION ADMIN")
        self.db.query("GRANT CONNECTION ADMIN ON *.* TO poor@'%'")
        self.wait_until_up(gate)

    def test_a_wrong_password_is_said_in_the_servers_words(self):
        self.db.query("CREATE OR REPLACE USER other@'%' IDENTIFIED BY 'something else'")
        gate = self.start_unready(self.monitored(user="other"))
        self.wait_for_error(gate, "1045")
        self.assertTrue(gate.status()["monitor"]["configured"])

    def greeting(self, address):
        """What a mirror shows of it: all but the connection's id and the salt."""
        with socket.create_connection(address, 5) as peer:
            packet = peer.recv(4096)
        version, rest = packet[5:].split(b"\0", 1)
        rest = rest[4 + 8 + 1:]
        low, charset, status, high = struct.unpack_from("<HBHH", rest)
        extended, = struct.unpack_from("<I", rest, 14)
        plugin = rest[18 + 13:].rstrip(b"\0")
        offered = (low | high << 16) & ~NOT_MIRRORED
        return version, offered, charset, status, extended & EXTENDED_MIRRORED, plugin

    def test_its_login_teaches_the_greeting_and_nobody_fails_one(self):
        failed = self.db.status("Aborted_connects") + 1  # the look at the live one is one itself
        live = self.greeting(self.db.address)
        self.assertTrue(scenario.wait_for(
            lambda: self.db.status("Aborted_connects") == failed))
        gate = self.start_gate(self.monitored())
        self.assertEqual(self.greeting(gate.address), live)
        self.ask(self.client(gate), "SELECT 1")
        self.assertEqual(self.greeting(gate.address), live, "and a live login changes nothing")
        self.assertEqual(self.db.status("Aborted_connects"), failed)

    def test_it_gets_into_a_full_server(self):
        host, port = self.db.address
        crowd = []
        with contextlib.suppress(pymysql.Error):
            for _ in range(self.max_connections + 1):
                crowd.append(pymysql.connect(host=host, port=port, user="app",
                                             password="app-secret"))
                self.addCleanup(self.close, crowd[-1])
        with self.assertRaises(pymysql.Error) as raised:
            pymysql.connect(host=host, port=port, user="app", password="app-secret")
        self.assertEqual(raised.exception.args[0], 1040)
        gate = self.start_gate(self.monitored())
        self.assertTrue(gate.status()["monitor"]["up"])
        self.assertTrue(gate.status()["backend"]["server_version"])

    def test_it_comes_back_with_the_server(self):
        gate = self.start_gate(self.monitored({"deadline": "500ms"}))
        self.db.end_process()
        self.assertTrue(scenario.wait_for(lambda: not gate.status()["monitor"]["up"], 10))
        self.assertNotEqual(gate.status()["monitor"]["error"], "")
        self.db.start()
        self.wait_until_up(gate)
        scenario.wait_for(lambda: gate.status()["backend"]["up"], 10)
        client = self.client(gate)
        with self.assertRaises(pymysql.Error) as raised:
            self.ask(client, HEAVY)
        self.assertEqual(raised.exception.args[0], 1317)

    def test_waiting_for_a_lock_is_not_charged(self):
        gate = self.start_gate(self.monitored({"busy": 0.1, "wait": "100ms"}))
        holder, waiter = self.db, self.client(gate)
        holder.query("BEGIN")
        holder.query("UPDATE shop.items SET stock = stock WHERE id = 1")
        release = threading.Timer(4, lambda: holder.query("ROLLBACK"))
        release.start()
        began = time.monotonic()
        self.ask(waiter, "UPDATE items SET stock = stock + 0 WHERE id = 1")
        self.assertGreater(time.monotonic() - began, 3)
        release.join()
        self.assertEqual(self.ask(waiter, "SELECT 1"), ((1,),))
        self.ask(waiter, "SELECT SLEEP(4)")  # the same time again, and this is running time
        with self.assertRaises(pymysql.Error) as raised:
            self.ask(waiter, "SELECT 1")
        self.assertEqual(raised.exception.args[0], 1226)


if __name__ == "__main__":
    scenario.main()
