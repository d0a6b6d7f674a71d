# tests/system/wear.py: what the queue writes for each message and in a day, by its own meter: durability always and on_outage, on a
# healthy link and in an outage, at 10 and 100 messages a second. No test: it prints figures.
import argparse
import pathlib
import signal

import counting_gateway
import own_folder
import plant

RATES = {10: 1, 100: 10}  # messages a second: points, each every 100 ms
BUFFERS = {
    "always, 100ms": {"durability": "always", "commit_every": "100ms"},
    "always, 1s": {"durability": "always", "commit_every": "1s"},
    "on_outage, 1s": {"durability": "on_outage", "commit_every": "1s"},
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    arguments.add_argument("--seconds", type=float, default=130)
    options = arguments.parse_args()
    folder = own_folder.make("wear")
    broker = plant.Broker(folder)
    broker.start()
    nobody = plant.free_port()
    runs = []
    try:
        for link, port in {"healthy": broker.port, "outage": nobody}.items():
            for rate, points in RATES.items():
                for name, buffer in BUFFERS.items():
                    gateway = counting_gateway.CountingGateway(
                        options.build, folder, f"wear{len(runs)}", points, "100ms", publish={"qos": 1}, buffer=buffer, url=f"mqtt://127.0.0.1:{port}")
                    gateway.start()
                    plant.wait_for("the queue", lambda g=gateway: "started" in g.log(), 30)
                    gateway.process.stop(signal.SIGTERM, 30)
                    runs.append((link, rate, name, gateway, gateway.ledger()))
        for *_, gateway, _ in runs:
            gateway.start()
        plant.run_for(options.seconds)
        for *_, gateway, _ in runs:
            gateway.process.stop(signal.SIGTERM, 30)
    finally:
        for *_, gateway, _ in runs:
            if gateway.process.running():
                gateway.process.stop()
        broker.stop()
    print(f"{'link':8} {'messages/s':>10}  {'durability, commit_every':24} {'messages':>9} {'bytes/message':>14} {'MB/day':>9}")
    for link, rate, name, gateway, before in runs:
        after = gateway.ledger()
        messages = after["accepted"] - before["accepted"]
        per_message = (after["bytes_written"] - before["bytes_written"]) / messages
        print(f"{link:8} {rate:10}  {name:24} {messages:9} {per_message:14.0f} {per_message * rate * 86400 / 1e6:9.0f}")


if __name__ == "__main__":
    own_folder.run(main)
