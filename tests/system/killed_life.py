# tests/system/killed_life.py: a gateway that dies by SIGKILL at its n-th write, sync or send, by kill_shim.c preloaded into it.
# Not here: which calls, and what must hold afterwards (kill_walk_test.py, kill_edges_test.py).
import ctypes
import mmap
import os
import pathlib
import select
import signal
import time

BEFORE, MIDDLE, AFTER = 0, 1, 2
PHASES = ("before", "middle", "after")


class Page(ctypes.Structure):
    """struct page of kill_shim.c."""

    _fields_ = [("count", ctypes.c_uint64), ("kill_at", ctypes.c_uint64), ("phase", ctypes.c_uint32), ("dead", ctypes.c_uint32),
                ("call", ctypes.c_char * 32), ("object", ctypes.c_char * 32)]


class KilledGateway:
    """The gateway of a plant (`process`, a plant.Process), each start of which may be told where to die."""

    def __init__(self, process, build, queue_path, broker_port):
        self.process = process
        self.page_path = pathlib.Path(queue_path).with_name("kill_page")
        self.page_path.write_bytes(bytes(mmap.PAGESIZE))
        with open(self.page_path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.page = Page.from_buffer(self.memory)
        self.usual = dict(os.environ)
        self.shimmed = dict(os.environ, LD_PRELOAD=str(pathlib.Path(build).resolve() / "tests/system/kill_shim.so"),
                            TIDEGATE_KILL_PAGE=str(self.page_path), TIDEGATE_KILL_FILES=str(queue_path),
                            TIDEGATE_KILL_PORT=str(broker_port))

    def start_to_die(self, call, phase):
        """Dies at its `call`-th counted call; 0: at none until die_in()."""
        ctypes.memset(ctypes.byref(self.page), 0, ctypes.sizeof(self.page))
        self.page.kill_at, self.page.phase = call, phase
        self.process.env = self.shimmed
        self.process.start()
        # Waiting on it takes the event itself: Popen.wait(timeout) looks every 50 ms, longer than most lives.
        self.pidfd = os.pidfd_open(self.process.process.pid)

    def start_to_live(self):
        self.process.env = self.usual
        self.process.start()

    def die_in(self, calls, phase):
        """Dies at the `calls`-th counted call from now."""
        self.page.phase = phase
        self.page.kill_at = self.page.count + calls

    def count(self):
        return self.page.count

    def has_ended(self, seconds=0):
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(int(seconds * 1000)))

    def wait_for_count(self, calls, seconds):
        """Until so many calls were made, or the process has ended."""
        end = time.monotonic() + seconds
        while self.page.count < calls and not self.has_ended(0.001):
            if time.monotonic() > end:
                raise TimeoutError(f"only {self.page.count} calls of {calls} within {seconds} s; {self.process.log_path}")

    def end(self, seconds):
        """Waits for its end and returns the exit code."""
        if not self.has_ended(seconds):
            self.process.kill()
            raise TimeoutError(f"still running after {seconds} s, {self.page.count} calls of {self.page.kill_at}; {self.process.log_path}")
        os.close(self.pidfd)
        return self.process.process.wait()

    def died_as_told(self, code):
        return code == -signal.SIGKILL and self.page.dead == 1

    def death(self):
        """What it died at: call, object, phase."""
        return self.page.call.decode(), self.page.object.decode(), PHASES[self.page.phase]
