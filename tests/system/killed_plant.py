# tests/system/killed_plant.py: a plant that lives on while its gateway is killed again and again, and the verdict on what it was
# given in the end: nothing accepted is lost; at QoS 2 nothing comes twice or out of order.
# Not here: how a life ends (killed_life.py), and which lives there are (kill_walk_test.py, kill_stop_test.py).
import collections
import concurrent.futures
import shutil

import killed_life
import own_folder
import plant

UNITS, POINTS, EVERY = 2, 2, "3ms"  # with a commit each millisecond: many calls for few messages


def busy_config(name, broker_port, device_port, folder, qos, version, every=EVERY, bound="256MiB"):
    text = plant.counting_config(name, broker_port, device_port, folder, UNITS, POINTS, every, qos, version)
    return text.replace("max_bytes: 256MiB", f"max_bytes: {bound}, commit_every: 1ms")


class KilledPlant:
    """One combination of QoS and version."""

    def __init__(self, build, name, qos, version, bound="256MiB"):
        self.name, self.qos, self.version = f"{name}QoS {qos}, MQTT {version}", qos, version
        self.bound = bound
        self.folder = own_folder.make("killed")
        self.broker = plant.Broker(self.folder)
        self.device_port = plant.free_port()
        self.plant = plant.Plant(build, self.folder, self.config(EVERY))
        self.gateway = killed_life.KilledGateway(self.plant.gateway, build, self.folder / "queue.db", self.broker.port)
        self.deaths = collections.Counter()
        self.lives = self.offline_lives = self.most_queued = 0
        self.failures = []
        self.facts = ""
        self.is_to_drop = bound != "256MiB"  # which is never reached

    def config(self, every):
        return busy_config("kill", self.broker.port, self.device_port, self.folder, self.qos, self.version, every, self.bound)

    def run(self, lives):
        """`lives` is called with this plant, and has them one after another; stops at the first failure."""
        self.broker.start()
        self.judge = plant.Judge(self.broker.port, ["kill/#"], plant.counter_of)
        try:
            self.plant.start_devices(buses=1)
            lives(self)
            if not self.failures:
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
        return self.report(), self.deaths, bool(self.failures)

    def have_broker(self, wanted):
        if wanted and not self.broker.running():
            self.broker.start()
        elif not wanted and self.broker.running():
            self.broker.stop()

    def note_death(self, code):
        """Of the life that has just ended."""
        self.lives += 1
        self.offline_lives += 0 if self.broker.running() else 1
        if self.gateway.died_as_told(code):
            self.deaths[self.gateway.death()] += 1
        else:
            self.failures.append(f"life {self.lives} ended with code {code} after {self.gateway.count()} calls")
        if self.lives % 50 == 0:
            self.most_queued = max(self.most_queued, self.plant.ledger()["queued"])

    def drain(self):
        """A life without a death delivers what is left."""
        self.have_broker(True)
        self.plant.config.write_text(self.config("1s"))
        self.gateway.start_to_live()
        plant.wait_for(f"{self.name}: a connection", self.plant.is_connected, 30)
        plant.wait_for(f"{self.name}: the queue to drain", lambda: self.plant.ledger()["queued"] < 50, 120)
        code = self.plant.gateway.stop()
        ledger = self.plant.ledger()
        if code != 0 or ledger["queued"] != 0:
            self.failures.append(f"a stop ends with code {code} and leaves {ledger['queued']} in the queue")
        try:
            plant.wait_for("all that was acknowledged", lambda: self.has_arrived(ledger["acknowledged"]), 60)
        except TimeoutError as wrong:
            self.failures.append(str(wrong))  # and the verdict says how much is missing
        self.judge_it(ledger)

    def has_arrived(self, messages):
        # The verdict takes its time when there are millions, so only once it can be good.
        return self.judge.count() >= messages and self.judge.verdict()["delivered"] >= messages

    def judge_it(self, ledger):
        verdict = self.judge.verdict()
        dropped = sum(ledger["dropped"].values())
        lost = ledger["accepted"] - dropped - verdict["delivered"]
        log = self.plant.gateway.output()
        self.facts = (f"  accepted {ledger['accepted']}, delivered {verdict['delivered']}, dropped {dropped}, lost {lost}, "
                      f"duplicated {verdict['duplicated']}; "
                      f"sessions begun {log.count(' session=new ')}, resumed {log.count(' session=resumed ')}")
        if not ledger["balanced"]:
            self.failures.append("the ledger does not balance")
        if lost != 0:
            self.failures.append(f"{lost} accepted readings were lost (negative: came without being counted)")
        if self.qos == 2 and (verdict["duplicated"] or verdict["out_of_order"]):
            self.failures.append(f"at QoS 2 {verdict['duplicated']} readings came twice, {verdict['out_of_order']} out of order")
        for numbers in self.judge.seen.values():
            first_arrivals = list(dict.fromkeys(numbers))
            if first_arrivals != sorted(first_arrivals):
                self.failures.append("first arrivals are out of order")
        if (dropped > 0) != self.is_to_drop:
            self.failures.append(f"{dropped} readings were dropped by the queue's bound")
        if verdict["delivered"] < self.lives:
            self.failures.append("hardly anything was delivered: this shows nothing")

    def report(self):
        lines = [f"{self.name}: {self.lives} lives, {self.offline_lives} of them ended without a broker, at most {self.most_queued} seen queued"]
        lines += [self.facts] if self.facts else []
        return "\n".join(lines + [f"  FAILED: {failure}; all in {self.folder}" for failure in self.failures])


def walk_side_by_side(walk, cases):
    """walk(*case) gives a report, a count of deaths and whether it failed. Prints what all say; an exit code."""
    deaths, failed = collections.Counter(), False
    with concurrent.futures.ProcessPoolExecutor(len(cases)) as pool:
        for done in [pool.submit(walk, *case) for case in cases]:
            report, found, bad = done.result()
            print(report, flush=True)
            deaths.update(found)
            failed = failed or bad
    print(table_of(deaths))
    return 1 if failed else 0


def table_of(deaths):
    """Deaths by call and object, a column for each phase."""
    kinds = sorted({(call, thing) for call, thing, _ in deaths})
    lines = [f"  {'died at':24}" + "".join(f"{phase:>9}" for phase in killed_life.PHASES)]
    for call, thing in kinds:
        counts = [deaths[call, thing, phase] for phase in killed_life.PHASES]
        lines.append(f"  {call + ' ' + thing:24}" + "".join(f"{count or '-':>9}" for count in counts))
    return "\n".join(lines)
