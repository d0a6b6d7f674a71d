# tests/system/backlog_test.py: the whole path with a long outage behind it: millions of messages are queued. The gateway goes on
# polling, is killed, starts again at once, and delivers; its memory stays flat.
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import counting_gateway
import plant

POINTS, EVERY = 20, 0.02  # 1000 readings/s


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    arguments.add_argument("--messages", type=int, required=True)
    arguments.add_argument("--seconds", type=float, default=15, help="of polling without the broker, then of delivery")
    arguments.add_argument("--most-kib", type=int, default=16 * 1024, help="resident memory that is allowed")
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-backlog-", dir=options.build))
    broker = plant.Broker(folder)
    failures, memory = [], []
    gateway = counting_gateway.CountingGateway(
        options.build, folder, "backlog", POINTS, f"{EVERY * 1000:.0f}ms", publish={"qos": 1}, buffer={"max_bytes": "16GiB"},
        url=f"mqtt://127.0.0.1:{broker.port}", max_in_flight=1000)

    def run_for(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            plant.run_for(0.5)
            memory.append(gateway.process.resident_kib())

    try:
        subprocess.run([options.build / "tests/store/store_targets", "fill", gateway.folder / "queue.db", str(options.messages)], check=True)
        gateway.start()
        plant.wait_for("the gateway to start", lambda: "started" in gateway.log(), 30)
        before = gateway.ledger()
        run_for(options.seconds)
        polled = (gateway.ledger()["accepted"] - before["accepted"]) / options.seconds
        gateway.process.kill()
        broker.start()
        began = time.monotonic()
        gateway.start()
        plant.wait_for("the first acknowledgements", lambda: gateway.ledger()["acknowledged"] > 0, 60)
        restarted = time.monotonic() - began
        acknowledged, since = gateway.ledger()["acknowledged"], time.monotonic()
        run_for(options.seconds)
        delivered = (gateway.ledger()["acknowledged"] - acknowledged) / (time.monotonic() - since)
        code = gateway.process.stop(seconds=20)
        ledger = gateway.ledger()
    finally:
        if gateway.process.running():
            gateway.process.stop()
        if broker.running():
            broker.stop()
        shutil.rmtree(folder)
    print(f"{options.messages} queued: polled {polled:.0f}/s without the broker; {restarted * 1000:.0f} ms from the start after kill -9 "
          f"to the first acknowledgement in the file; delivered {delivered:.0f}/s; memory {min(memory)} to {max(memory)} KiB")
    if code != 0:
        failures.append(f"exit code {code}")
    if polled < 0.8 * POINTS / EVERY:
        failures.append("polling slowed down")
    if restarted > 10:
        failures.append("the start took long")
    if max(memory) > options.most_kib:
        failures.append(f"{max(memory)} KiB of memory, {options.most_kib} are allowed")
    if not ledger["balanced"]:
        failures.append("the ledger does not balance")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
