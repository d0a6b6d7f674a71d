# tests/system/dead_device_test.py: units on a paced RTU line that don't answer: one of three leaves the others at least 95 % of
# their rate; one and three of ten, at 85 % load, 97 %. Counts polls by the counters that the simulated units hold, so it measures
# what the line saw; their rate is the one that the config asks for, from the unit's first poll to the end of the run.
import argparse
import datetime
import json

import own_folder
import plant


def config_text(broker, folder, units, every, baud):
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
        lines += [f"      unit{unit}:", f"        unit: {unit}", f"        every: {every}ms", "        points:",
                  "          counter: { holding: 0, type: uint32 }"]
        lines += [f"          value{p}: {{ holding: {p}, type: uint16 }}" for p in range(2, 20)]
    return "\n".join(lines) + "\n"


def poll_of(topic, payload):
    """The unit, when it was polled and how many polls it had seen."""
    if not topic.endswith("/counter"):
        return None
    reading = json.loads(payload)
    when = datetime.datetime.fromisoformat(reading["ts"].replace("Z", "+00:00")).timestamp()
    return topic.split("/")[1], (when, reading["value"])


def shares(build, folder, present, configured, every, seconds, baud):
    """Of the polls that each unit that is there should have had (every: in ms), how many it had, and how many that should be."""
    folder.mkdir()
    broker = plant.Broker(folder)
    the_plant = plant.Plant(build, folder, config_text(broker.port, folder, configured, every, baud))
    twin = folder / "twin.yaml"
    twin.write_text(config_text(broker.port, folder, present, every, baud))
    the_plant.devices.command[-1] = str(twin)
    broker.start()
    judge = plant.Judge(broker.port, ["dead/#"], poll_of)
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        plant.wait_for("the first message", lambda: judge.count() > 0, 10)
        plant.run_for(seconds)
        the_plant.gateway.stop()
        seen = dict(judge.seen)
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()
    period = every / 1000
    end = max(polls[-1][0] for polls in seen.values())
    result = {}
    for unit, polls in seen.items():
        (first, counted_first), (last, counted_last) = polls[0], polls[-1]
        # A unit may have its next turn within a period after its last one: what is behind that counts against it.
        wanted = (max(last, end - period) - first) / period
        result[unit] = ((counted_last - counted_first) / wanted, wanted)
    missing = {f"unit{unit}" for unit in present} - set(result)
    return result | {unit: (0.0, seconds / period) for unit in missing}


def ten_units(options, folder, baud):
    """One and three dead of ten, on a line that is 85 % busy with all ten alive."""
    character = 11 / baud
    silence = 3.5 * character if baud <= 19200 else 0.00175
    every = round(10 * ((8 + 45) * character + 2 * silence) / 0.85 * 1000)
    units = list(range(1, 11))
    failures = []
    for dead in ([], [4], [2, 5, 9]) if options.healthy else ([4], [2, 5, 9]):
        alive = [unit for unit in units if unit not in dead]
        # Each dead one takes its first time-outs from the others once: the run is the longer, the more there are.
        seconds = options.seconds * max(1, len(dead))
        seen = shares(options.build, folder / f"{baud}-{len(dead)}-dead", alive, units, every, seconds, baud)
        together = sum(share * wanted for share, wanted in seen.values()) / sum(wanted for _, wanted in seen.values())
        # While a dead unit is waited for, whoever is due meanwhile loses a poll, at 19200 baud and faster even two; who that is,
        # chance has it. So a unit may be two polls worse off than all of them together.
        floors = {unit: 0.97 - 2 / wanted for unit, (_, wanted) in seen.items()}
        worst = min(seen, key=lambda unit: seen[unit][0] - floors[unit])
        text = (f"{baud} baud, every {every} ms, {len(dead)} dead of ten: the others {together:.1%} of their polls, "
                f"{worst} {seen[worst][0]:.1%} (at least {floors[worst]:.1%})")
        print(text, flush=True)
        if together < 0.97 or seen[worst][0] < floors[worst]:
            failures.append(text)
    return failures


def three_units(options, folder, every):
    failures = []
    seen = shares(options.build, folder / f"three-{every}", [1, 3], [1, 2, 3], every, options.seconds, 19200)
    for unit, (share, wanted) in sorted(seen.items()):
        text = f"19200 baud, every {every} ms, one dead of three: {unit} {share:.1%} of {wanted:.0f} polls"
        print(text, flush=True)
        if share < 0.95:
            failures.append(text)
    return failures


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--seconds", type=float, required=True, help="of each run; with --ten, for each dead unit")
    arguments.add_argument("--every", type=int, nargs="*", default=[200], help="three units, asked so often (ms)")
    arguments.add_argument("--ten", type=int, nargs="*", default=[], help="ten units, at so many baud")
    arguments.add_argument("--healthy", action="store_true", help="with --ten: also with none dead")
    options = arguments.parse_args()
    folder = own_folder.make("dead")
    failures = []
    for every in options.every if not options.ten else []:
        failures += three_units(options, folder, every)
    for baud in options.ten:
        failures += ten_units(options, folder, baud)
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
