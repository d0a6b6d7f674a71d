# tests/system/clock_test.py: a board without a battery clock. It begins in 1970 and polls while the broker is away; then its clock is
# set. And one whose clock is stepped back and forth while it polls. What arrives must be complete, in order, once, and bear the
# right time. The real program with a wall clock of the test's own (clock_shim.c); the steady clocks are the machine's.
import argparse
import datetime
import json
import os
import pathlib
import time

import counting_gateway
import own_folder
import plant

HOUR, DAY = 3600, 86400
TOLERANCE = 1.0  # s


class Clock:
    """The wall clock of one gateway: how far from the truth, and whether it is known to be right."""

    def __init__(self, path, shim):
        self.path = path
        self.env = {"LD_PRELOAD": str(shim), "CLOCK_SHIM": str(path), "TZ": "UTC",
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set(self, off_by=0.0, kernel=0, timesyncd=0):
        next_one = self.path.with_suffix(".next")
        next_one.write_text(f"{round(off_by * 1000)} {kernel} {timesyncd}\n")
        next_one.rename(self.path)


class Consumer:
    """Keeps all that arrives of one gateway, by the number in its key; survives the broker's absence."""

    def __init__(self, port, gateway):
        self.messages = []  # (epoch, number, message)
        self.judge = plant.Judge(port, [f"{gateway}/#"], self.take, name=f"judge-{gateway}")

    def take(self, _topic, payload):
        message = json.loads(payload)
        _, epoch, number = message["key"].rsplit("-", 2)
        self.messages.append((epoch, int(number), message))
        return epoch, int(number)


def time_of(message):
    return datetime.datetime.fromisoformat(message["ts"].replace("Z", "+00:00")).timestamp()


def check_complete(name, consumer, ledger, failures):
    verdict = consumer.judge.verdict()
    print(f"{name}: ledger {ledger}  verdict {dict(verdict)}")
    if verdict["duplicated"] or verdict["out_of_order"] or verdict["taken"] != verdict["delivered"]:
        failures.append(f"{name}: lost, doubled or out of order")
    if verdict["delivered"] < ledger["acknowledged"] or any(ledger["dropped"].values()) or not ledger["balanced"]:
        failures.append(f"{name}: dropped, or not delivered")


def start(gateway):
    starts = lambda: gateway.log().count(" started ")
    before = starts()
    gateway.start()
    plant.wait_for(f"{gateway.name} to start", lambda: starts() > before, 60)


def queued(gateway, least):
    plant.wait_for(f"{least} readings of {gateway.name} in the queue", lambda: gateway.ledger()["queued"] >= least, 60)
    return gateway.ledger()["queued"]


def finish(gateway, consumer):
    """Waits until all is delivered, and stops the gateway."""
    plant.wait_for("a connection", gateway.is_connected, 60)
    plant.wait_for("the queue to drain", lambda: gateway.ledger()["queued"] < 10, 60)
    gateway.process.stop()
    plant.wait_for("the queue to be empty", lambda: gateway.ledger()["queued"] == 0, 10)
    ledger = gateway.ledger()
    plant.wait_for("the subscriber", lambda: consumer.judge.verdict()["delivered"] >= ledger["acknowledged"], 30)
    return ledger


def set_late(site, broker, consumer, clock, failures):
    """1970, an outage, a kill; the clock is set; the broker comes. `before`: readings that were surely taken before it was set."""
    gateway = site("late", clock)
    began = time.time()
    clock.set(off_by=5 - began)
    broker.stop()
    start(gateway)
    first_life = queued(gateway, 15)
    gateway.process.kill()
    start(gateway)
    before = queued(gateway, first_life + 15)
    set_at = time.time()
    clock.set(timesyncd=1)
    plant.wait_for("clock_set", lambda: "clock_set" in gateway.log(), 60)
    queued(gateway, before + 20)
    broker.start()
    check_complete(gateway.name, consumer, finish(gateway, consumer), failures)
    ended = time.time()

    log = gateway.log()
    if log.count("clock_not_synchronised") != 2 or "trusted" not in log or "corrected_from_boot=yes" not in log:
        failures.append(f"the log doesn't say how it is with the clock:\n{log}")
    marked = [m for _, _, m in consumer.messages if "ts_quality" in m]
    if marked:
        failures.append(f"{len(marked)} are marked though the clock is set, such as {marked[0]}")
    times = [time_of(m) for _, _, m in consumer.messages]
    if any(not began - TOLERANCE <= t <= ended + TOLERANCE for t in times) or times != sorted(times):
        failures.append(f"times {times}, it was {began} to {ended}")
    if any(t > set_at + TOLERANCE for t in times[:before]) or any(t < set_at - TOLERANCE for t in times[before + 20:]):
        failures.append(f"times {times}; the {before} first were taken before {set_at}")


def stepped(site, broker, consumer, clock, failures):
    """Back an hour, forward a day, by a clock that calls itself right; with the broker there, and with it away."""
    gateway = site("stepped", clock)
    clock.set(kernel=1)
    start(gateway)
    counted = lambda: len(consumer.messages)
    plant.wait_for("messages", lambda: counted() >= 10, 60)
    for off_by in (-HOUR, DAY - HOUR, 0):
        clock.set(off_by, kernel=1)
        had = counted()
        plant.wait_for("messages after a step", lambda: counted() >= had + 10, 60)
    broker.stop()
    for off_by in (-HOUR, DAY - HOUR, 0):
        had = gateway.ledger()["queued"]
        queued(gateway, had + 10)
        clock.set(off_by, kernel=1)
    broker.start()
    check_complete(gateway.name, consumer, finish(gateway, consumer), failures)
    if gateway.log().count("clock_stepped") < 6 or "clock_not_synchronised" in gateway.log():
        failures.append(f"the log doesn't tell of six steps:\n{gateway.log()}")
    lives = {m["value"] for _, _, m in consumer.messages}
    if len(lives) != len(consumer.messages):
        failures.append("a reading came twice")


def unset(site, broker, consumer, clock, failures):
    """The kernel may not be asked, as in a container: marked, for as long as it takes, and the log says why."""
    gateway = site("unset", clock)
    clock.set(off_by=-10 * 365 * DAY, kernel=-1)
    start(gateway)
    plant.wait_for("messages", lambda: len(consumer.messages) >= 10, 60)
    check_complete(gateway.name, consumer, finish(gateway, consumer), failures)
    if any(m.get("ts_quality") != "unsynchronised" or list(m)[:2] != ["ts", "ts_quality"] for _, _, m in consumer.messages):
        failures.append("not marked though the clock was never set")
    if "adjtimex" not in gateway.log():
        failures.append(f"the log doesn't say that the kernel may not be asked:\n{gateway.log()}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    arguments.add_argument("--shim", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    folder = own_folder.make("clock")
    broker = plant.Broker(folder)
    running, consumers, failures = [], [], []

    def site(name, clock):
        running.append(counting_gateway.CountingGateway(
            options.build, folder, name, url=f"mqtt://127.0.0.1:{broker.port}", env=clock.env,
            publish={"idempotency_key": "json", "expiry": "10m"}))
        return running[-1]

    try:
        broker.start()
        for story in (set_late, stepped, unset):
            name = {"set_late": "late"}.get(story.__name__, story.__name__)
            consumers.append(Consumer(broker.port, name))
            story(site, broker, consumers[-1], Clock(folder / f"clock-{name}", options.shim), failures)
    except TimeoutError as late:
        failures.append(f"{late}\n" + "\n".join(one.log() for one in running))
    finally:
        for one in consumers:
            one.judge.stop()
        for one in running:
            if one.process.running():
                one.process.kill()
        if broker.running():
            broker.stop()
    print(f"logs {folder}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
