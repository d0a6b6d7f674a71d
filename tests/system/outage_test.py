# tests/system/outage_test.py: the broker is away at the start, comes, goes and comes back. Polling must not pause, the queue
# must drain in order, the memory must stay flat.
import argparse
import time

import own_folder
import plant

UNITS, POINTS = 4, 25


def config_text(broker, device_port, folder, rate):
    every = UNITS * POINTS * 1000 // rate  # ms
    return plant.counting_config("outage", broker, device_port, folder, UNITS, POINTS, f"{every}ms", 2)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--rate", type=int, required=True, help="readings a second")
    arguments.add_argument("--outage", type=float, required=True, help="seconds")
    arguments.add_argument("--most-kib", type=int, default=16 * 1024,
                           help="resident memory that is allowed: in the first minute 12 MiB of it are pages of the program and its libraries")
    options = arguments.parse_args()

    folder = own_folder.make("outage")
    broker = plant.Broker(folder)
    the_plant = plant.Plant(options.build, folder, config_text(broker.port, plant.free_port(), folder, options.rate))
    broker.start()
    judge = plant.Judge(broker.port, ["outage/#"], plant.counter_of)
    failures = []
    memory = []
    try:
        broker.stop()
        the_plant.start_devices(buses=1)
        began = time.monotonic()
        the_plant.gateway.start()
        for _ in range(2):  # first without a broker from the start, then with one that goes away
            end = time.monotonic() + options.outage
            while time.monotonic() < end:
                plant.run_for(0.5)
                memory.append(the_plant.gateway.resident_kib())
            queued = the_plant.ledger()["queued"]
            broker.start()
            plant.wait_for("the queue to drain", lambda: the_plant.ledger()["queued"] < options.rate, 60)
            memory.append(the_plant.gateway.resident_kib())
            if queued < options.rate * options.outage * 0.9:
                failures.append(f"only {queued} readings were queued in {options.outage} s at {options.rate}/s: polling paused")
            broker.stop()
        ran = time.monotonic() - began
        broker.start()
        plant.wait_for("a connection", the_plant.is_connected, 30)
        code = the_plant.gateway.stop()
        plant.wait_for("the queue to be empty", lambda: the_plant.ledger()["queued"] == 0, 1)
        ledger = the_plant.ledger()
        plant.wait_for("the subscriber", lambda: judge.verdict()["delivered"] >= ledger["acknowledged"], 20)
    finally:
        judge.stop()
        the_plant.stop()
        if broker.running():
            broker.stop()
    verdict = judge.verdict()
    print(f"ran {ran:.1f} s  ledger {ledger}  verdict {dict(verdict)}  memory KiB {memory}  logs {folder}")
    if code != 0:
        failures.append(f"exit code {code}")
    # No kill here: whatever was taken was accepted and delivered, once, in order.
    if not verdict["taken"] == verdict["delivered"] == ledger["accepted"]:
        failures.append("taken, accepted and delivered differ")
    if verdict["duplicated"] or verdict["out_of_order"]:
        failures.append("doubled or out of order")
    if max(memory) > options.most_kib:
        failures.append(f"{max(memory)} KiB of memory, {options.most_kib} are allowed")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
