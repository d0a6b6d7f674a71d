# tests/system/kill_test.py: the gateway is killed by SIGKILL again and again while it polls 200 readings a second, and the broker
# is stopped and started on the way. Nothing accepted may be lost; at QoS 2 nothing may come twice or out of order. With
# --durability on_outage the file doesn't know all that was accepted: by the devices' own counters, each kill may lose the readings
# of the last commit_every, and none that is older.
import argparse
import random

import own_folder
import plant

UNITS, POINTS = 4, 5  # each point every 100 ms: 200 readings/s
EVERY = 0.1
COMMIT_EVERY = 0.1
SLACK = 0.9  # s: a busy machine's disk takes so long to sync
OUTAGE = 3.0  # s: well above both


def lost_runs(judge):
    """Of each counter: how many readings in a row never came, again and again."""
    with judge.lock:
        for numbers in judge.seen.values():
            came = sorted(set(numbers))
            yield from (after - before - 1 for before, after in zip(came, came[1:]) if after > before + 1)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--qos", type=int, required=True)
    arguments.add_argument("--version", required=True)
    arguments.add_argument("--kills", type=int, required=True)
    arguments.add_argument("--durability", choices=["always", "on_outage"], default="always")
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = arguments.parse_args()
    chance = random.Random(options.seed)
    print(f"seed {options.seed}")

    folder = own_folder.make("kill")
    broker = plant.Broker(folder)
    config = plant.counting_config("kill", broker.port, plant.free_port(), folder, UNITS, POINTS, "100ms", options.qos, options.version)
    config = config.replace("max_bytes: 256MiB", f"max_bytes: 256MiB, durability: {options.durability}, commit_every: 100ms")
    the_plant = plant.Plant(options.build, folder, config)
    broker.start()
    judge = plant.Judge(broker.port, ["kill/#"], plant.counter_of)
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        for kill in range(options.kills):
            plant.run_for(chance.uniform(0.02, 1.0) if broker.running() else chance.uniform(0.02, OUTAGE))
            the_plant.gateway.kill()
            if kill % 5 == 2:
                broker.stop()
            the_plant.gateway.start()
            if kill % 5 == 3 and not broker.running():
                broker.start()
        if not broker.running():
            broker.start()
        # A gateway that is asked to stop while it has a connection delivers what is left; one that has none doesn't wait.
        plant.wait_for("the gateway to be connected", the_plant.is_connected, 30)
        plant.wait_for("the queue to drain", lambda: the_plant.ledger()["queued"] < 50, 30)
        code = the_plant.gateway.stop()
        plant.wait_for("the queue to be empty", lambda: the_plant.ledger()["queued"] == 0, 1)
        ledger = the_plant.ledger()
        plant.wait_for("the subscriber to have all that was acknowledged",
                       lambda: judge.verdict()["delivered"] >= ledger["acknowledged"], 10)
    finally:
        judge.stop()
        the_plant.stop()
        if broker.running():
            broker.stop()
    verdict = judge.verdict()
    print(f"kills {options.kills}  ledger {ledger}  verdict {dict(verdict)}  logs {folder}")
    lost = ledger["accepted"] - verdict["delivered"]
    failures = []
    if options.durability == "on_outage":
        runs = list(lost_runs(judge))
        print(f"readings lost in a row, by the devices' counters: {sorted(runs, reverse=True)[:20]}")
        if max(runs, default=0) > (COMMIT_EVERY + SLACK) / EVERY:
            failures.append(f"{max(runs)} readings in a row were lost: more than those of commit_every")
        if len(runs) > UNITS * POINTS * options.kills:
            failures.append("readings were lost without a kill")
        lost = 0
    if code != 0:
        failures.append(f"exit code {code} after SIGTERM")
    if lost > 0:
        failures.append(f"{lost} accepted readings were lost")
    if not ledger["balanced"]:
        failures.append("the ledger does not balance")
    if lost < 0:
        failures.append(f"{-lost} readings were delivered that the ledger does not count as accepted")
    if options.qos == 2 and verdict["duplicated"] > 0:
        failures.append(f"{verdict['duplicated']} readings came twice at QoS 2")
    if options.qos == 2 and verdict["out_of_order"] > 0:
        failures.append(f"{verdict['out_of_order']} readings came out of order")
    if verdict["delivered"] < 20 * options.kills:
        failures.append("hardly anything was delivered: the test shows nothing")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
