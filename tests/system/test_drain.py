#!/usr/bin/python3
"""drain: SIGTERM lets work finish and leaves the port closed; a second one ends it at once."""
import pathlib
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pymysql
import scenario
import wire
from explained import Explained


class Drain(scenario.Scenario):

    def connect(self, gate):
        return pymysql.connect(host=gate.host, port=gate.port, user="app", password="app-secret",
                               database="shop", bind_address=scenario.APP_SOURCE)

    def refused(self, gate):
        try:
            socket.create_connection(gate.address, 1).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # met the listener while it was closed
            return False
        return False

    def test_what_a_draining_gate_says(self):
        """It lets nobody in, and reads its file no more, however it is asked to."""
        gate = self.start_gate()
        stays = self.connect(gate)
        self.addCleanup(stays.close)
        gate.process.send_signal(signal.SIGTERM)
        self.assertTrue(scenario.wait_for(lambda: self.refused(gate), 2), "the port is still open")
        told = Explained(gate, scenario.APP_SOURCE, "app")
        self.assertEqual((told.status, told.connection), (1, "refused: draining"))
        self.assertEqual(told.binding(), {"drain"})
        gate.file.write_text(gate.file.read_text() + "\n[host]\nerror_log = \"/x\"\n")
        code, answer = gate.request("POST", "/reload")
        self.assertEqual(code, 409, answer)
        self.assertIn("draining", answer["error"])
        said = gate.text().count("reload: the gate is draining")
        gate.process.send_signal(signal.SIGHUP)
        self.assertTrue(scenario.wait_for(
            lambda: gate.text().count("reload: the gate is draining") > said, 5), gate.text())
        self.assertEqual(gate.cli("diff", str(gate.file))[0], 1, "nothing of it was taken")

    def test_work_finishes(self):
        gate, answers = self.start_gate(), []
        busy, silent = self.connect(gate), wire.Blocking(gate.address, "127.0.0.50")
        silent.greeting()

        def work():
            with busy.cursor() as cursor:
                cursor.execute("SELECT SLEEP(2), 'done'")
                answers.append(cursor.fetchone()[1])
            busy.close()

        worker = threading.Thread(target=work)
        worker.start()
        self.assertTrue(scenario.wait_for(lambda: any(
            "SLEEP" in (row[0] or "") for row in self.db.query(
                "SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = 'app'")), 5))
        began = time.monotonic()
        gate.process.send_signal(signal.SIGTERM)
        self.assertTrue(scenario.wait_for(lambda: self.refused(gate), 2), "the port is still open")
        closed = time.monotonic() - began
        code = None
        try:
            silent.greeting()
        except wire.ServerError as error:
            code = error.code
        except (EOFError, OSError):
            code = "closed"
        silent.sock.close()
        worker.join(10)
        self.assertEqual(answers, ["done"])
        self.assertTrue(scenario.wait_for(lambda: gate.process.poll() is not None, 10))
        self.figures("drain", f"port closed after {closed * 1000:.0f} ms, pending client got "
                     f"{code}, ended after {time.monotonic() - began:.1f} s")
        self.assertEqual(gate.process.returncode, 0)
        self.assertIn(code, (1053, "closed"))
        self.assertTrue(scenario.wait_for(lambda: not self.db.sessions(), 5))
        gate.process = None

    def test_second_signal_is_immediate(self):
        gate = self.start_gate()
        sitting = self.connect(gate)
        gate.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        began = time.monotonic()
        if gate.process.poll() is None:
            gate.process.send_signal(signal.SIGTERM)
        self.assertTrue(scenario.wait_for(lambda: gate.process.poll() is not None, 3))
        self.figures("second SIGTERM", f"ended after {time.monotonic() - began:.2f} s")
        self.assertEqual(gate.process.returncode, 0)
        with self.assertRaises(pymysql.Error):
            sitting.ping(reconnect=False)
        self.assertFalse(scenario.wait_for(lambda: not self.refused(gate), 0.2), "half-served port")
        self.assertTrue(scenario.wait_for(lambda: not self.db.sessions(), 5))
        gate.process = None


if __name__ == "__main__":
    scenario.main()
