# tests/system/write_kill_test.py: a gateway dies by SIGKILL at its n-th write, sync or send after a command was sent to it: before the
# call, in its middle or after it. Whatever the broker sends again afterwards, the device is written once at most, each command gets a
# final answer, and the audit has it.
# Not here: what else becomes of commands (write_test.py).
import argparse
import collections
import json
import pathlib
import time

import killed_life
import own_folder
import plant
import write_test

# With QoS 2 the session knows a repetition; with QoS 1 the id does. Each says that it is young, so nothing else would refuse it.
CASES = ((5, 1, True), (5, 2, False), ("3.1.1", 2, False))


class Site(write_test.Site):
    def __init__(self, build, folder, version):
        super().__init__(build, folder, version)
        # Readings would make calls of their own: none in the short life that a command takes.
        content = json.loads(self.config.read_text())
        content["buses"]["bench"]["devices"] = {"tank": {"every": "1h", "points": {
            "valve": {"wave": "held", "value": 0, "writable": True, "write": {"every": "0s", "verify_timeout": "500ms", "ttl": "1min"}}}}}
        self.config.write_text(json.dumps(content))
        self.killed = killed_life.KilledGateway(self.gateway, build, folder / "queue.db", self.broker.port)

    def ready(self):
        subscribed = lambda: self.gateway.output()[self.gateway.started_at:].count("commands_subscribed") == 2
        plant.wait_for("the gateway to take commands", subscribed, 20)


def live(on, value, calls, phase, qos, has_id):
    """One command and one death. Returns what it died at, and what became of the command."""
    on.killed.start_to_die(0, phase)
    on.ready()
    plant.run_for(0.02)  # the first readings are on their way
    payload = {"value": value, "ts": int(time.time() * 1000), **({"id": f"c{value}"} if has_id else {})}
    on.killed.die_in(calls, phase)
    on.operator.client.publish("tidegate/w/set/tank/valve", json.dumps(payload), qos).wait_for_publish(10)
    finished = lambda: any(a["final"] and a.get("value") == value for a in on.operator.answers_of("tank/valve"))
    plant.wait_for("death or an answer", lambda: on.killed.has_ended(0.005) or finished(), 10)
    if not on.killed.has_ended():
        on.gateway.kill()
    code = on.killed.end(5)
    death = on.killed.death() if on.killed.died_as_told(code) else None
    on.killed.start_to_live()
    on.ready()
    plant.wait_for(f"the answer to {value}", finished, 15)
    on.gateway.kill()
    return death


def run(build, folder, version, qos, has_id, calls):
    on = Site(build, folder, version)
    deaths, stages = collections.Counter(), collections.Counter()
    try:
        for n, call in enumerate(calls):
            deaths[live(on, n + 1, call, n % 3, qos, has_id)] += 1
        on.killed.start_to_live()
        on.ready()
        plant.run_for(1.5)  # what the broker still has comes now
        written = collections.Counter(on.writes())
        twice = {line: times for line, times in written.items() if times > 1}
        if twice:
            on.failures.append(f"written more than once: {twice}")
        audit = on.audit()
        for value in range(1, len(calls) + 1):
            entries = [e for e in audit if e.get("value") == str(value)]
            finals = [a for a in on.operator.answers_of("tank/valve") if a.get("value") == value and a["final"]]
            if not entries or not finals:
                on.failures.append(f"{value}: {len(entries)} entries, {len(finals)} final answers")
                continue
            stages[finals[0]["stage"], finals[0].get("reason")] += 1
            claims = any(a["ok"] for a in finals)
            if claims and f"tank/valve={value}" not in written:
                on.failures.append(f"{value} was never written, and answered so: {finals}")
            if f"tank/valve={value}" in written and not any(e["sent"] for e in entries):
                on.failures.append(f"{value} was written, and the audit doesn't say so: {entries}")
    except (TimeoutError, RuntimeError) as wrong:
        on.failures.append(str(wrong))
    finally:
        on.operator.stop()
        for process in (on.gateway, on.broker):
            if process.running():
                process.kill()
    print(f"MQTT {version}, QoS {qos}{', with ids' if has_id else ''}: {len(calls)} commands, {sum(deaths.values()) - deaths[None]} deaths, "
          f"{len(on.writes())} written; answers {dict(stages)}")
    for (call, thing, phase), times in sorted((k, v) for k, v in deaths.items() if k):
        print(f"  died {times} times {phase} {call} {thing}")
    return [f"MQTT {version}, QoS {qos}: {failure}" for failure in on.failures]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    arguments.add_argument("--calls", type=int, default=30, help="a death at each call up to this one after the command")
    options = arguments.parse_args()
    folder = own_folder.make("write-kill")
    failures = []
    for number, (version, qos, has_id) in enumerate(CASES):
        failures += run(options.build, folder / str(number), version, qos, has_id, list(range(1, options.calls + 1)))
    for failure in failures:
        print("FAILED:", failure)
    if failures:
        print("all in", folder)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
