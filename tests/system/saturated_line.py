# tests/system/saturated_line.py: ten units of twenty registers on a paced pty, polled as fast as the line allows, against the
# computed optimum. The simulated line itself counts requests that came too early (t3.5) and collisions. Prints, judges nothing.
import argparse
import json

import own_folder
import plant


def config_text(broker, folder, baud):
    lines = [
        "gateway: { id: line }", f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker}' }}", f"buffer: {{ path: {folder}/queue.db }}",
        "publish: { topic: '{gateway}/{device}' }", "buses:", "  line:", "    adapter: modbus",
        f"    serial: {{ port: {folder}/line, baud: {baud}, parity: none, stop_bits: 2 }}", "    devices:"]
    for unit in range(1, 11):
        lines += [f"      unit{unit}:", f"        unit: {unit}", "        every: 0s", "        points:",
                  "          counter: { holding: 0, type: uint32 }"]
        lines += [f"          value{p}: {{ holding: {p}, type: uint16 }}" for p in range(2, 20)]
    return "\n".join(lines) + "\n"


def counter_of(topic, payload):
    return None if topic.startswith("tidegate/") else (topic, json.loads(payload)["counter"])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--baud", type=int, required=True)
    arguments.add_argument("--seconds", type=float, required=True)
    options = arguments.parse_args()
    folder = own_folder.make("line")
    broker = plant.Broker(folder).start()
    the_plant = plant.Plant(options.build, folder, config_text(broker.port, folder, options.baud))
    judge = plant.Judge(broker.port, ["line/#"], counter_of)
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        plant.wait_for("the first message", lambda: judge.count() > 0, 10)
        before = judge.count()
        plant.run_for(options.seconds)
        rate = (judge.count() - before) / options.seconds
        the_plant.gateway.stop()
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()
    character = 11 / options.baud
    silence = 3.5 * character if options.baud <= 19200 else 0.00175
    theory = 1 / ((8 + 45) * character + 2 * silence)
    counts = [max(numbers) for numbers in judge.seen.values()]
    print(f"{options.baud} baud: {rate:.2f} reads/s, theory {theory:.2f}, ratio {rate / theory:.3f}; units served {min(counts)} to {max(counts)} times")
    print(the_plant.devices.output().strip().splitlines()[-1])


if __name__ == "__main__":
    own_folder.run(main)
