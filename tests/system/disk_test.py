# tests/system/disk_test.py: the queue's file system is full, and then takes nothing at all for a while, while the broker is away
# and 500 readings a second come in. Polling must not pause, what goes must be counted, and all else must arrive, in order.
import argparse
import ctypes
import os
import pathlib
import subprocess
import threading
import time

import own_folder
import plant

UNITS, POINTS, RATE = 5, 20, 500
CLONE_NEWNS = 0x00020000


def config_text(broker, device_port, folder, disk, policy):
    every = UNITS * POINTS * 1000 // RATE  # ms
    text = plant.counting_config("disk", broker, device_port, folder, UNITS, POINTS, f"{every}ms", 2)
    return text.replace(f"buffer: {{ path: {folder}/queue.db, max_bytes: 256MiB }}",
                        f"buffer: {{ path: {disk}/queue.db, max_bytes: 64MiB, when_full: {policy} }}")


class Disk:
    """A file system of its own in memory, and a file that takes what is left of it, again and again."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.filler = folder / "filler"
        self.filling = False
        self.thread = None

    def mount(self):
        # Seen by this process and its children alone, and gone with them, however they end.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) != 0:
            return os.strerror(ctypes.get_errno())
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", self.folder], capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stderr.strip()

    def fill(self):
        self.filling = True
        self.thread = threading.Thread(target=self._fill)
        self.thread.start()

    def _fill(self):
        piece = os.urandom(4096)
        with open(self.filler, "wb", buffering=0) as file:
            while self.filling:
                try:
                    file.write(piece)
                except OSError:
                    plant.run_for(0.02)  # what others give up is taken, too

    def free(self):
        self.filling = False
        self.thread.join()
        self.filler.unlink()

    def unmount(self):
        if self.filling:
            self.free()
        subprocess.run(["umount", "-l", self.folder], check=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--policy", required=True, choices=["drop_oldest", "drop_newest"])
    arguments.add_argument("--seconds", type=float, default=4, help="of each trouble, beyond what it takes to come about")
    options = arguments.parse_args()

    folder = own_folder.make("disk")
    disk = Disk(folder / "disk")
    problem = disk.mount()
    if problem:
        print(f"SKIPPED: mounting isn't allowed here: {problem}")
        return 77
    switch = folder / "read-only"
    broker = plant.Broker(folder)
    the_plant = plant.Plant(options.build, folder, config_text(broker.port, plant.free_port(), folder, disk.folder, options.policy))
    shim = pathlib.Path(options.build) / "tests" / "system" / "libfailing_disk.so"
    # A sanitizer wants to be the first library, and needn't be.
    the_plant.gateway.env = {**os.environ, "LD_PRELOAD": str(shim), "FAILING_DISK_FOLDER": str(disk.folder),
                             "FAILING_DISK_SWITCH": str(switch), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    broker.start()
    judge = plant.Judge(broker.port, ["disk/#", "tidegate/disk/alarm/#"], plant.counter_of)
    dropped = options.policy.removeprefix("drop_")
    said = lambda words: words in the_plant.gateway.output()
    failures = []
    try:
        the_plant.start_devices(buses=1)
        began = time.monotonic()
        the_plant.gateway.start()
        plant.wait_for("a connection", the_plant.is_connected, 30)
        plant.wait_for("readings", lambda: judge.count() > RATE, 60)

        # With the broker there: messages still go through a full disk.
        disk.fill()
        plant.wait_for("the alarm", lambda: said("alarm=disk_full"), 60)
        count = judge.count()
        plant.wait_for("readings to arrive through a full disk", lambda: judge.count() > count + RATE, 60)

        # Without: the policy decides.
        broker.stop()
        plant.wait_for("drops", lambda: the_plant.ledger()["dropped"][dropped] > RATE, 120)
        plant.run_for(options.seconds)

        # And now nothing at all can be written.
        switch.touch()
        plant.wait_for("the other alarm", lambda: said("alarm=disk_failing"), 60)
        plant.run_for(options.seconds)
        switch.unlink()
        plant.wait_for("the end of the other alarm", lambda: said("alarm_cleared alarm=disk_failing"), 60)
        if "file system is read-only" not in the_plant.gateway.output():
            failures.append("the log doesn't say that the file system is read-only")

        disk.free()
        plant.wait_for("healing", lambda: said("alarm_cleared alarm=disk_full"), 60)
        if not (disk.folder / "queue.db.reserve").exists():
            failures.append("there is no reserve after healing")
        drops = the_plant.ledger()["dropped"]
        plant.run_for(1)
        if drops != the_plant.ledger()["dropped"]:
            failures.append("readings are dropped though there is room")

        broker.start()
        ran = time.monotonic() - began
        plant.wait_for("a connection", the_plant.is_connected, 30)
        plant.wait_for("the queue to drain", lambda: the_plant.ledger()["queued"] < RATE, 120)
        code = the_plant.gateway.stop()
        plant.wait_for("the queue to be empty", lambda: the_plant.ledger()["queued"] == 0, 5)
        ledger = the_plant.ledger()
        plant.wait_for("the subscriber", lambda: judge.verdict()["delivered"] >= ledger["acknowledged"], 30)
    finally:
        judge.stop()
        the_plant.stop()
        if broker.running():
            broker.stop()
        if disk.filling:
            disk.free()
    verdict = judge.verdict()
    reserve = (disk.folder / "queue.db.reserve").stat().st_size if code == 0 else 0
    disk.unmount()
    print(f"ran {ran:.1f} s  ledger {ledger}  verdict {dict(verdict)}  reserve {reserve}  logs {folder}")
    if code != 0:
        failures.append(f"exit code {code}")
    if not ledger["balanced"]:
        failures.append("the ledger doesn't balance")
    # Every counter from 1 on was taken, and is delivered or counted as dropped.
    lost = sum(ledger["dropped"].values())
    if ledger["accepted"] != ledger["acknowledged"] + lost or verdict["delivered"] != ledger["acknowledged"]:
        failures.append("accepted isn't delivered and dropped")
    if verdict["taken"] != ledger["accepted"]:
        failures.append(f"{verdict['taken']} readings were taken, {ledger['accepted']} accepted")
    if ledger["accepted"] < RATE * ran * 0.7:
        failures.append(f"only {ledger['accepted']} readings in {ran} s at {RATE}/s: polling paused")
    if verdict["duplicated"] or verdict["out_of_order"]:
        failures.append("doubled or out of order")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
