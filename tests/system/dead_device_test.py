# tests/system/dead_device_test.py: units on a paced RTU line that don't answer: one of three leaves the others at least 95 % of their
# rate; one and three of ten, at 85 % load, 97 %. Counts polls by the counters that the simulated units hold, so it measures what the
# line saw.
import argparse
import json
import pathlib
import sys
import tempfile

import plant


def config_text(broker, folder, units, every, baud=19200):
    lines = [
        "gateway: { id: dead }",
        f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker}' }}",
        f"buffer: {{ path: {folder}/queue.db }}",
        "publish: { qos: 1 }",
        "buses:",
        "  line:",
        "    adapter: modbus",
        f"    serial: {{ port: {folder}/line, baud: {baud}, parity: none, stop_bits: 2 }}",
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


def polls(build, folder, present, configured, every, seconds, baud=19200):
    """How often each unit that is there was read in the time."""
    folder.mkdir()
    broker = plant.Broker(folder)
    the_plant = plant.Plant(build, folder, config_text(broker.port, folder, configured, every, baud))
    twin = folder / "twin.yaml"
    twin.write_text(config_text(broker.port, folder, present, every, baud))
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


def ten_units(options, folder):
    """One and three dead of ten, on a line that is 85 % busy with all ten alive."""
    character = 11 / options.baud
    silence = 3.5 * character if options.baud <= 19200 else 0.00175
    every = f"{round(10 * ((8 + 45) * character + 2 * silence) / 0.85 * 1000)}ms"
    units = list(range(1, 11))
    healthy = polls(options.build, folder / "ten-healthy", units, units, every, options.seconds, options.baud)
    failures = []
    for dead in ([4], [2, 5, 9]):
        alive = [unit for unit in units if unit not in dead]
        seen = polls(options.build, folder / f"ten-{len(dead)}-dead", alive, units, every, options.seconds, options.baud)
        counts = {stream: count for stream, count in healthy.items() if int(stream.split("/")[1][4:]) in alive}
        # Of one unit a run has too few polls for a per cent to mean much; together they have enough.
        together = sum(seen.get(stream, 0) for stream in counts) / sum(counts.values())
        worst = min(seen.get(stream, 0) / count for stream, count in counts.items())
        print(f"{options.baud} baud, every {every}, {len(dead)} dead of ten: the others {together:.1%} of their polls, each {worst:.1%} at least")
        if together < 0.97 or worst < 0.92:
            failures.append(f"{len(dead)} dead of ten: {together:.1%}, worst {worst:.1%}")
    return failures


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--seconds", type=float, required=True)
    arguments.add_argument("--ten", action="store_true", help="ten units instead of three")
    arguments.add_argument("--baud", type=int, default=19200, help="with --ten")
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-dead-"))
    failures = ten_units(options, folder) if options.ten else []
    for every in () if options.ten else ("200ms", "1s"):
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
