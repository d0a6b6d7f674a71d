# tests/system/dead_device_test.py: one of three units on a paced RTU line does not answer; the other two must keep at least 95 %
# of their rate. Counts polls by the counters that the simulated units hold, so it measures what the line saw.
import argparse
import json
import pathlib
import sys
import tempfile

import plant


def config_text(broker, folder, units, every):
    lines = [
        "gateway: { id: dead }",
        f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker}' }}",
        f"buffer: {{ path: {folder}/queue.db }}",
        "publish: { qos: 1 }",
        "buses:",
        "  line:",
        "    adapter: modbus",
        f"    serial: {{ port: {folder}/line, baud: 19200, parity: none, stop_bits: 2 }}",
        "    timeout: 500ms",
        "    devices:",
    ]
    for unit in units:
        lines += [f"      unit{unit}:", f"        unit: {unit}", f"        every: {every}", "        points:",
                  "          counter: { holding: 0, type: uint32 }"]
        lines += [f"          value{p}: {{ holding: {p}, type: uint16 }}" for p in range(2, 20)]
    return "\n".join(lines) + "\n"


def counter_of(topic, payload):
    return (topic, json.loads(payload)["value"]) if topic.endswith("/counter") else None


def polls(build, folder, present, configured, every, seconds):
    """How often each unit that is there was read in the time."""
    folder.mkdir()
    broker = plant.Broker(folder)
    the_plant = plant.Plant(build, folder, config_text(broker.port, folder, configured, every))
    twin = folder / "twin.yaml"
    twin.write_text(config_text(broker.port, folder, present, every))
    the_plant.devices.command[-1] = str(twin)
    broker.start()
    judge = plant.Judge(broker.port, ["dead/#"], counter_of)
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        plant.wait_for("the first message", lambda: judge.count() > 0, 10)
        plant.run_for(seconds)
        the_plant.gateway.stop()
        return {stream: max(numbers) for stream, numbers in judge.seen.items()}
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--seconds", type=float, required=True)
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-dead-"))
    failures = []
    for every in ("200ms", "1s"):
        healthy = polls(options.build, folder / f"healthy-{every}", [1, 2, 3], [1, 2, 3], every, options.seconds)
        dead = polls(options.build, folder / f"dead-{every}", [1, 3], [1, 2, 3], every, options.seconds)
        for stream, count in dead.items():
            share = count / healthy[stream]
            print(f"every {every}: {stream} {count} of {healthy[stream]} polls, {share:.1%}")
            if share < 0.95:
                failures.append(f"{stream} every {every}: {share:.1%}")
        if len(dead) != 2:
            failures.append(f"expected two living units, saw {sorted(dead)}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
