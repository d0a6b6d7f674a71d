# tests/system/damage_test.py: the queue file is overwritten, once while the gateway lies killed, once under its feet. It starts,
# and it goes on, delivers what there is, nothing that isn't so, and a subscriber sees the alarm.
import argparse
import json
import pathlib
import random

import own_folder
import plant

UNITS, POINTS = 8, 25
ALARM = "tidegate/damaged/alarm/queue_damaged"
PAGE = 4096


def overwrite(path, start, count, chance):
    """`count` random bytes of the file, its first ones, and some of the WAL's second frame, so that it is damaged for certain:
    as long as the WAL has them, SQLite needs no page of the file that is in it."""
    with open(f"{path}-wal", "r+b") as wal:
        wal.seek(32 + 24 + PAGE + 24 + 500)
        wal.write(b"x" * 16)
    with open(path, "r+b") as file:
        size = file.seek(0, 2)
        for _ in range(count):
            file.seek(start + chance.randrange(size - start))
            file.write(bytes([chance.randrange(256)]))
        file.seek(0)
        file.write(b"x" * 16)


def wipe(path):
    """All but the first page."""
    with open(path, "r+b") as file:
        size = file.seek(0, 2)
        file.seek(PAGE)
        file.write(b"\xff" * (size - PAGE))


def backlog(the_plant):
    plant.wait_for("the gateway", lambda: "started" in the_plant.gateway.output()[the_plant.gateway.started_at:], 30)
    plant.wait_for("a backlog", lambda: the_plant.ledger()["queued"] > 2000, 120)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    chance = random.Random(options.seed)

    folder = own_folder.make("damage")
    broker = plant.Broker(folder)
    text = plant.counting_config("damaged", broker.port, plant.free_port(), folder, UNITS, POINTS, "100ms", 2)
    the_plant = plant.Plant(options.build, folder, text)
    queue = folder / "queue.db"
    broker.start()
    judge = plant.Judge(broker.port, ["damaged/#", ALARM], plant.counter_of)
    failures = []

    def alarm():
        with judge.lock:
            return json.loads(judge.last_text.get(ALARM, "{}"))

    def found_damaged():
        return the_plant.gateway.output().count("queue_damaged path=")

    def check(what, right):
        if not right:
            failures.append(what)

    try:
        broker.stop()
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        backlog(the_plant)
        the_plant.gateway.kill()
        overwrite(queue, 0, 40, chance)
        the_plant.gateway.start()
        plant.wait_for("the damage to be told", lambda: found_damaged() == 1, 60)
        after_kill = the_plant.ledger()
        broker.start()
        plant.wait_for("the alarm", lambda: alarm().get("state") == "on", 60)
        plant.wait_for("the queue to drain", lambda: the_plant.ledger()["queued"] < 1000, 120)
        check("the damaged file isn't kept", pathlib.Path(f"{queue}.corrupt-1").exists())
        check("nothing was salvaged", after_kill["queued"] > 1000)

        broker.stop()
        backlog(the_plant)
        # What SQLite has in memory is not asked for again, so the file must be larger than that.
        plant.wait_for("a larger file", lambda: queue.stat().st_size > 3 << 20, 240)
        pid = the_plant.gateway.process.pid
        wipe(queue)
        broker.start()
        plant.wait_for("the damage to be found", lambda: found_damaged() == 2, 120)
        plant.wait_for("the queue to drain", lambda: the_plant.ledger()["queued"] < 1000, 120)
        check("it was another process", the_plant.gateway.running() and the_plant.gateway.process.pid == pid)
        plant.wait_for("the second alarm", lambda: "corrupt-2" in alarm().get("reason", ""), 30)
        check("two damaged files are kept", not pathlib.Path(f"{queue}.corrupt-1").exists())
        before = judge.verdict()["delivered"]
        plant.wait_for("new readings", lambda: judge.verdict()["delivered"] > before + 1000, 60)
        code = the_plant.gateway.stop()
        ledger = the_plant.ledger()
        plant.wait_for("the subscriber", lambda: judge.verdict()["delivered"] + ledger["dropped"]["damaged"] + ledger["queued"]
                       >= ledger["accepted"], 30)
    finally:
        judge.stop()
        the_plant.stop()
        if broker.running():
            broker.stop()
    verdict = judge.verdict()
    print(f"after the kill {after_kill}  at the end {ledger}  verdict {dict(verdict)}  alarm {alarm()}  logs {folder}")
    check(f"exit code {code}", code == 0)
    check("the ledger doesn't balance", ledger["balanced"] and ledger["accepted"] ==
          ledger["acknowledged"] + ledger["queued"] + sum(ledger["dropped"].values()))
    check("nothing was counted as lost", ledger["dropped"]["damaged"] > 0)
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
