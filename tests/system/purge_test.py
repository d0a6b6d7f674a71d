# tests/system/purge_test.py: `tidegate queue purge`, beside a running service and without one: what it drops never arrives, what it
# leaves does, and the ledger has all of it.
import argparse
import json
import pathlib
import subprocess

import counting_gateway
import own_folder
import plant


def purge(build, gateway, *options):
    """What it says; an error is a RuntimeError."""
    done = subprocess.run([build / "tidegate", "queue", "purge", *options], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("purge")
    broker = plant.Broker(folder)
    gateway = counting_gateway.CountingGateway(build, folder, "full", points=5, url=f"mqtt://127.0.0.1:{broker.port}", version=5)
    config, failures, judge = gateway.config, [], None
    try:
        gateway.start()
        plant.wait_for("its start", lambda: "started" in gateway.log(), 20)
        plant.wait_for("a queue", lambda: gateway.ledger()["queued"] > 200, 30)
        try:
            purge(build, gateway, "-c", config)
            failures.append("it didn't ask")
        except RuntimeError as said:
            if "--yes" not in str(said):
                failures.append(f"without a terminal it says {said}")
        said = purge(build, gateway, "-c", config, "--yes")
        by_service = gateway.ledger()["dropped"]["purged"]
        if by_service < 200 or str(by_service) not in said:
            failures.append(f"{by_service} purged, and it says {said}")
        plant.wait_for("a queue again", lambda: gateway.ledger()["queued"] > 200, 30)
        if gateway.process.stop() != 0:
            failures.append("the gateway didn't stop in order")
        said = purge(build, gateway, "-c", config, "--yes")
        after = gateway.ledger()
        if after["queued"] or after["dropped"]["purged"] <= by_service or not after["balanced"]:
            failures.append(f"after a purge without the service: {after}, {said}")
        broker.start()
        judge = plant.Judge(broker.port, ["full/#"], plant.counter_of, qos=1, name="judge")
        gateway.start()
        plant.wait_for("new readings", lambda: judge.count() >= 100, 30)
        gateway.process.stop()
        ledger = gateway.ledger()
        plant.wait_for("all of them", lambda: judge.verdict()["delivered"] >= ledger["acknowledged"], 10)
        verdict = judge.verdict()
        print(f"ledger {json.dumps(ledger)}  verdict {dict(verdict)}")
        if not ledger["balanced"] or verdict["delivered"] != ledger["acknowledged"] or verdict["duplicated"]:
            failures.append(f"{ledger} {dict(verdict)}")
    except (TimeoutError, RuntimeError) as wrong:
        failures.append(f"{wrong}\n{gateway.log()}")
    finally:
        if judge:
            judge.stop()
        for process in (gateway.process, broker):
            if process.running():
                process.stop()
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
