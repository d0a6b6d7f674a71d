# tests/system/kill_walk_test.py: a gateway lives on a plant that stays, and its n-th life ends by SIGKILL at its n-th write, sync
# or send: before the call, in its middle or after it. On the way the broker is stopped and started, in a pattern of 20 lives, also
# while a life lasts. Nothing accepted may be lost; at QoS 2 nothing may come twice or out of order.
# Not here: kills at random times (kill_test.py); a stop, a first start and a file of an older version (kill_edges_test.py).
import argparse
import collections
import concurrent.futures
import itertools
import pathlib
import shutil
import sys
import tempfile
import time

import killed_life
import plant

UNITS, POINTS, EVERY = 2, 2, "3ms"  # with a commit each millisecond: many calls for few messages
PATTERN = 20


def config_of(broker, devices, folder, qos, version, every):
    text = plant.counting_config("kill", broker.port, devices, folder, UNITS, POINTS, every, qos, version)
    return text.replace("max_bytes: 256MiB", "max_bytes: 256MiB, commit_every: 1ms")


class Walk:
    """One combination of QoS and version on a plant of its own."""

    def __init__(self, build, qos, version, shift):
        self.name = f"QoS {qos}, MQTT {version}"
        self.qos, self.version, self.shift = qos, version, shift
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-walk-"))
        self.broker = plant.Broker(self.folder)
        self.device_port = plant.free_port()
        self.plant = plant.Plant(build, self.folder, config_of(self.broker, self.device_port, self.folder, qos, version, EVERY))
        self.gateway = killed_life.KilledGateway(self.plant.gateway, build, self.folder / "queue.db", self.broker.port)
        self.deaths = collections.Counter()
        self.lives = self.offline_lives = self.connections = 0
        self.failures = []
        self.most_queued = 0

    def run(self, calls, passes):
        self.broker.start()
        self.judge = plant.Judge(self.broker.port, ["kill/#"], plant.counter_of)
        try:
            self.plant.start_devices(buses=1)
            for turn in range(passes):
                for number, call in enumerate(calls):
                    self.live(call, number + PATTERN // 4 * self.shift, (number + self.shift + turn) % 3)
                    if self.failures:
                        return self
            self.drain()
        except (TimeoutError, RuntimeError) as wrong:
            self.failures.append(str(wrong))
        finally:
            self.judge.stop()
            self.plant.stop()
            if self.broker.running():
                self.broker.stop()
        if not self.failures:
            shutil.rmtree(self.folder)
        return self

    def live(self, call, place, phase):
        """One life. Its place in the pattern says what the broker does meanwhile."""
        at = place % PATTERN
        wanted = at not in (7, 8, 9, 15)
        self.have_broker(wanted)
        self.gateway.start_to_die(call, phase)
        if at in (6, 16):  # goes away while the gateway works
            self.gateway.wait_for_count(call // 2, 60)
            self.have_broker(False)
        if at in (9, 15, 16):  # and comes (back)
            self.gateway.wait_for_count(call * 2 // 3, 60)
            self.have_broker(True)
        code = self.gateway.end(60)
        self.lives += 1
        self.offline_lives += 0 if wanted else 1
        if not self.gateway.died_as_told(code):
            self.failures.append(f"life {self.lives}, to die at call {call}, ended with code {code} at call {self.gateway.count()}")
            return
        self.deaths[self.gateway.death()] += 1
        if self.lives % 50 == 0:
            self.most_queued = max(self.most_queued, self.plant.ledger()["queued"])

    def have_broker(self, wanted):
        if wanted and not self.broker.running():
            self.broker.start()
        elif not wanted and self.broker.running():
            self.broker.stop()

    def drain(self):
        """A life without a death delivers what is left."""
        self.have_broker(True)
        self.plant.config.write_text(config_of(self.broker, self.device_port, self.folder, self.qos, self.version, "1s"))
        self.gateway.start_to_live()
        plant.wait_for(f"{self.name}: a connection", self.plant.is_connected, 30)
        plant.wait_for(f"{self.name}: the queue to drain", lambda: self.plant.ledger()["queued"] < 50, 120)
        code = self.plant.gateway.stop()
        if code != 0:
            self.failures.append(f"exit code {code} after SIGTERM")
        self.ledger = self.plant.ledger()
        if self.ledger["queued"] != 0:
            self.failures.append("the queue isn't empty after a stop")
        plant.wait_for(f"{self.name}: all that was acknowledged", lambda: self.judge.count() >= self.ledger["acknowledged"], 60)
        self.judge_it()

    def judge_it(self):
        verdict = self.judge.verdict()
        self.accepted, self.delivered = self.ledger["accepted"], verdict["delivered"]
        self.duplicated, self.out_of_order = verdict["duplicated"], verdict["out_of_order"]
        self.lost = self.accepted - self.delivered
        if not self.ledger["balanced"]:
            self.failures.append("the ledger does not balance")
        if self.lost != 0:
            self.failures.append(f"{self.lost} accepted readings were lost (negative: came without being counted)")
        if self.qos == 2 and (self.duplicated or self.out_of_order):
            self.failures.append(f"at QoS 2 {self.duplicated} readings came twice, {self.out_of_order} out of order")
        if self.delivered < self.lives:
            self.failures.append("hardly anything was delivered: the walk shows nothing")

    def report(self):
        lines = [f"{self.name}: {self.lives} lives, {self.offline_lives} of them began without a broker, at most {self.most_queued} seen queued"]
        if not self.failures:
            lines.append(f"  accepted {self.accepted}, delivered {self.delivered}, lost {self.lost}, duplicated {self.duplicated}, "
                         f"out of order {self.out_of_order}")
        return "\n".join(lines + [f"  FAILED: {failure}; all in {self.folder}" for failure in self.failures])


def table_of(deaths):
    """Deaths by call and object, a column for each phase."""
    kinds = sorted({(call, thing) for call, thing, _ in deaths})
    lines = [f"  {'died at':24}" + "".join(f"{phase:>9}" for phase in killed_life.PHASES)]
    for call, thing in kinds:
        counts = [deaths[call, thing, phase] for phase in killed_life.PHASES]
        lines.append(f"  {call + ' ' + thing:24}" + "".join(f"{count or '-':>9}" for count in counts))
    return "\n".join(lines)


def walk(build, calls, passes, case):
    (version, qos), shift = case
    return_value = Walk(build, qos, version, shift).run(calls, passes)
    return return_value.report(), return_value.deaths, bool(return_value.failures)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--all-to", type=int, required=True, help="one life for each call up to this one")
    arguments.add_argument("--then-each", type=int, default=1, help="and of those beyond each so-manieth")
    arguments.add_argument("--up-to", type=int, default=0, help="up to this one")
    arguments.add_argument("--passes", type=int, default=1, help="times that all is done; in 3 each call is died at before, amid and after")
    options = arguments.parse_args()
    calls = [*range(1, options.all_to + 1), *range(options.all_to + options.then_each, options.up_to + 1, options.then_each)]
    cases = list(zip(itertools.product((5, "3.1.1"), (1, 2)), itertools.count()))
    began = time.monotonic()
    deaths, failed = collections.Counter(), False
    # Processes: the judges are busy, and threads of one interpreter would wait for each other.
    with concurrent.futures.ProcessPoolExecutor(len(cases)) as pool:
        for done in [pool.submit(walk, options.build, calls, options.passes, case) for case in cases]:
            report, found, bad = done.result()
            print(report, flush=True)
            deaths.update(found)
            failed = failed or bad
    print(f"all of them, in {time.monotonic() - began:.0f} s:")
    print(table_of(deaths))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
