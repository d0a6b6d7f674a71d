# tests/system/kill_start_test.py: a gateway is killed by SIGKILL at the n-th write, sync or send of its life, n = 1, 2 …, while it
# makes a new queue file, or brings one of an older version up to date. Each time the next start must find a queue that holds what
# it held, and deliver it and its own readings once.
# Not here: lives on a file that was sound when the last one ended or died (kill_walk_test.py).
import argparse
import collections
import shutil
import sqlite3
import zlib

import killed_life
import killed_plant
import own_folder
import plant


def varint(value):
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(made) + bytes([value])


def checksum(key, count, data):
    """store::row_checksum()."""
    signed = [value << 1 if value >= 0 else (-value << 1) - 1 for value in (key, count)]
    return zlib.crc32(data, zlib.crc32(varint(signed[0]) + varint(signed[1])))


# What version 1 had: messages 1 to 3 on the topic old/letters, QoS 2, of which 1 is acknowledged; 2 more were dropped_newest.
COUNTERS = bytes([1, 3, 3, 1, 0, 2, 0, 0, 0x80, 0x80, 0x40])
CURSOR = bytes([1, 1, 1, 3, 0, 0])
LETTERS = bytes([1, 1]) + b"".join(bytes([2, 2, 0, 0, 1]) + letter for letter in (b"x", b"y", b"z"))
TEXTS = {1: b"boot-0", 2: b"old/letters"}


def make_old_file(path, version):
    """A queue as a gateway of that version leaves it when it is killed: all of it still in the WAL."""
    made_at = path.with_name("being_made.db")
    file = sqlite3.connect(made_at, isolation_level=None)
    for pragma in ("page_size=4096", "auto_vacuum=INCREMENTAL", "journal_mode=WAL", "wal_autocheckpoint=0"):
        file.execute(f"PRAGMA {pragma}")
    file.execute("BEGIN")
    file.execute("CREATE TABLE log(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL)")
    file.execute("CREATE TABLE text(id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, text TEXT NOT NULL)")
    if version >= 2:
        file.execute("CREATE TABLE dead_letter(number INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL)")
    for key, count, data in ((0, 0, COUNTERS), (-1, 0, CURSOR), (1, 3, LETTERS)):
        file.execute("INSERT INTO log VALUES(?, ?, ?, ?)", (key, count, checksum(key, count, data), data))
    for key, text in TEXTS.items():
        file.execute("INSERT INTO text VALUES(?, ?, ?)", (key, checksum(key, 0, text), text.decode()))
    file.execute("PRAGMA application_id=0x54694761")
    file.execute(f"PRAGMA user_version={version}")
    file.execute("COMMIT")
    for ending in ("", "-wal"):
        shutil.copy(f"{made_at}{ending}", f"{path}{ending}")
    file.close()


class Letters:
    """What a subscriber saw: the old file's letters, and each gateway's readings."""

    def __init__(self):
        self.old = []

    def counter_of(self, topic, payload):
        if topic == "old/letters":
            self.old.append(payload)
            return None
        return plant.counter_of(topic, payload)


class Starts:
    """First starts on one kind of file, one after another beside the same broker and devices."""

    def __init__(self, build, version):
        self.build, self.version = build, version  # of the file; None: there is none
        self.name = f"files of version {version}" if version else "new files"
        self.folder = own_folder.make("start")
        self.broker = plant.Broker(self.folder)
        self.letters = Letters()
        self.device_port = plant.free_port()
        self.deaths = collections.Counter()
        self.starts = self.accepted = self.delivered = 0
        self.failures = []

    def run(self, most, each_phase):
        self.broker.start()
        self.judge = plant.Judge(self.broker.port, ["#"], self.letters.counter_of)
        field = self.plant_of("field")
        try:
            field.start_devices(buses=1)
            for call in range(1, most + 1):
                for phase in range(3) if each_phase else [call % 3]:
                    self.start(f"at{call}{killed_life.PHASES[phase]}", call, phase)
                if self.failures:
                    break
        except (TimeoutError, RuntimeError) as wrong:
            self.failures.append(str(wrong))
        finally:
            self.judge.stop()
            field.stop()
            self.broker.stop()
        if not self.failures:
            shutil.rmtree(self.folder)
        report = [f"{self.name}: {self.starts} starts killed, accepted {self.accepted}, delivered {self.delivered}"]
        report += [f"  FAILED: {failure}; all in {self.folder}" for failure in self.failures]
        return "\n".join(report), self.deaths, bool(self.failures)

    def plant_of(self, name):
        """A gateway of its own name: for the broker another client."""
        folder = self.folder / name
        return plant.Plant(self.build, folder, killed_plant.busy_config(name, self.broker.port, self.device_port, folder, 2, 5, "50ms"))

    def start(self, name, call, phase):
        one = self.plant_of(name)
        queue = one.folder / "queue.db"
        if self.version:
            make_old_file(queue, self.version)
        gateway = killed_life.KilledGateway(one.gateway, self.build, queue, self.broker.port)
        gateway.start_to_die(call, phase)
        code = gateway.end(60)
        if not gateway.died_as_told(code):
            self.failures.append(f"{name}: ended with code {code} after {gateway.count()} calls")
            return
        self.deaths[gateway.death()] += 1
        self.starts += 1
        gateway.start_to_live()
        try:
            plant.wait_for(f"{name}: a connection", one.is_connected, 60)
            plant.wait_for(f"{name}: a reading", lambda: self.readings_of(name), 60)
            plant.wait_for(f"{name}: the queue to drain", lambda: one.ledger()["queued"] < 20, 60)
        finally:
            code = one.gateway.stop()
        self.judge_it(name, code, one.ledger())
        if not self.failures:
            shutil.rmtree(one.folder)

    def readings_of(self, name):
        """Each with its topic."""
        with self.judge.lock:
            return [(topic, n) for topic, numbers in self.judge.seen.items() if topic.startswith(f"{name}/") for n in numbers]

    def judge_it(self, name, code, ledger):
        old_accepted, old_done = (5, 3) if self.version else (0, 0)  # 2 of 5 were dropped, 1 was delivered already
        plant.wait_for(f"{name}: all that was acknowledged",
                       lambda: len(self.readings_of(name)) >= ledger["acknowledged"] - (3 if self.version else 0), 60)
        readings = self.readings_of(name)
        self.accepted += ledger["accepted"] - old_done
        expected_old = ["y", "z"] if self.version else []
        old, self.letters.old = self.letters.old, []
        self.delivered += len(set(readings)) + len(old)
        if code != 0 or ledger["queued"] != 0 or not ledger["balanced"]:
            self.failures.append(f"{name}: a stop ends with code {code}, and the ledger is {ledger}")
        if len(readings) != ledger["accepted"] - old_accepted or len(set(readings)) != len(readings):
            self.failures.append(f"{name}: {len(readings)} readings came, {len(set(readings))} of them different; the ledger is {ledger}")
        if old != expected_old:
            self.failures.append(f"{name}: of the old file's messages came {old}, not {expected_old}")


def walk(build, most, each_phase, version):
    return Starts(build, version).run(most, each_phase)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--calls", type=int, required=True, help="the last call of a first life at which it dies")
    arguments.add_argument("--each-phase", action="store_true", help="before, amid and after each call, not in turn")
    options = arguments.parse_args()
    return killed_plant.walk_side_by_side(walk, [(options.build, options.calls, options.each_phase, kind) for kind in (None, 1, 2)])


if __name__ == "__main__":
    own_folder.run(main)
