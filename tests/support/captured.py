"""What goes over loopback to and from a port, captured by tcpdump."""
import pathlib
import signal
import subprocess
import time


class Captured:
    """`with Captured(path, port):` tcpdump has begun inside, and has written all of it after.

    Needs CAP_NET_RAW. Loopback shows each packet once."""

    def __init__(self, path, port, snap_length=262144, interface="lo", netns=None):
        self.path = pathlib.Path(path)
        inside = ["ip", "netns", "exec", netns] if netns else []
        self.command = [*inside, "tcpdump", "-i", interface, "-s", str(snap_length), "-B", "65536", "-n",
                        "-Z", "root", "--immediate-mode", "-w", str(path), f"tcp port {port}"]
        self.process, self.said = None, ""

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            self.said += line
            if "listening on" in line:
                return self
        raise RuntimeError(f"tcpdump did not begin:\n{self.said}")

    def __exit__(self, *_):
        self._settle()
        self.process.send_signal(signal.SIGINT)
        self.said += self.process.stderr.read()
        self.process.stderr.close()
        self.process.wait()

    def _settle(self, seconds=10):
        """Until the file has grown no more for a while."""
        until, size = time.monotonic() + seconds, -1
        while time.monotonic() < until and size != self.path.stat().st_size:
            size = self.path.stat().st_size
            time.sleep(0.3)

    @property
    def dropped(self):
        """Packets that the kernel could not hand over."""
        for line in self.said.splitlines():
            if "dropped by kernel" in line:
                return int(line.split()[0])
        raise RuntimeError(f"tcpdump did not say:\n{self.said}")
