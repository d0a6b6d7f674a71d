# tests/bench/polling.py: how fast Modbus TCP is polled and published, and what that costs; beside a bare libmodbus loop and beside a
# script of pymodbus and paho, in one run. Not here: serial lines (rtu_sweep, tests/system/saturated_line.py).
"""One device: 100 registers, as fast as it goes, one durable message of QoS 1 a poll. Then 100 devices × 50 registers once a second,
each a bus of its own, beside the script; then 1,000. What counts are ratios within a run, and cycles that were missed."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import plant


def processor_seconds(pid):
    """By the scheduler's own count: ticks miss what begins and ends between two of them, as polls do."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def compiled(folder):
    here = pathlib.Path(__file__).resolve().parent
    for name, libraries in (("modbus_field", []), ("poll_libmodbus", ["-lmodbus"])):
        subprocess.run(["cc", "-O2", "-I", here.parents[1], "-o", folder / name, here / f"{name}.c", *libraries], check=True)


class Field:
    """So many devices that answer at once."""

    def __init__(self, folder, devices):
        self.process = subprocess.Popen([folder / "modbus_field", str(devices)], stdout=subprocess.PIPE, text=True)
        self.first = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()


def config_of(folder, broker, field, devices, points, every, publish=""):
    listed = "".join(f"          p{i}: {{ holding: {i}, type: uint16 }}\n" for i in range(points))
    buses = "".join(f"""
  b{d}:
    adapter: modbus
    tcp: {{ host: 127.0.0.1, port: {field.first + d} }}
    devices:
      d{d}:
        unit: 1
        every: {every}
        points:
{listed}""" for d in range(devices))
    path = folder / "config.yaml"
    path.write_text(f'gateway: {{ id: g }}\nmqtt: {{ url: "mqtt://127.0.0.1:{broker.port}" }}\nbuffer: {{ path: {folder}/queue.db }}\n'
                    f'publish: {{ topic: "{{gateway}}/{{device}}", qos: 1{publish} }}\nbuses:{buses}')
    return path


class Measured:
    """A gateway over a stretch of its life."""

    def __init__(self, build, config, settle, seconds):
        def stats():
            done = subprocess.run([build / "tidegate", "queue", "stats", "-c", config, "--json"], capture_output=True, text=True, check=True)
            return json.loads(done.stdout)

        log = config.with_suffix(".log")
        gateway = plant.Process("gateway", [build / "tidegate", "run", "-c", config], log).start()
        plant.run_for(settle)
        before, processor, began = stats(), processor_seconds(gateway.process.pid), time.monotonic()
        plant.run_for(seconds)
        after, self.seconds = stats(), time.monotonic() - began
        self.processor = (processor_seconds(gateway.process.pid) - processor) / self.seconds  # share of a core
        self.rate = (after["acknowledged"] - before["acknowledged"]) / self.seconds
        self.polled = (after["accepted"] - before["accepted"]) / self.seconds
        self.resident = resident_mb(gateway.process.pid)
        gateway.stop(seconds=20)
        self.missed = sum("missed" in line for line in gateway.output().splitlines())
        config.parent.joinpath("queue.db").unlink()
        for rest in config.parent.glob("queue.db-*"):
            rest.unlink()


def one_device(build, folder, broker, seconds, rounds):
    registers, ratios, costs = 100, [], []
    field = Field(folder, 1)
    for _ in range(rounds):
        done = subprocess.run([folder / "poll_libmodbus", str(field.first), str(registers), str(seconds)], capture_output=True, text=True, check=True)
        bare = float(done.stdout.split()[0])
        run = Measured(build, config_of(folder, broker, field, 1, registers, "0s"), 1.5, seconds)
        ratios.append(run.rate / bare)
        costs.append(run.processor / (run.rate * registers) * 1e6)
        print(f"  bare libmodbus {bare:.0f} polls/s; published {run.rate:.0f} messages/s of {registers} readings: {run.rate / bare:.2f} ×; "
              f"{costs[-1]:.2f} ms of a core per 1,000 readings; {run.resident:.1f} MB")
    field.stop()
    print(f"one device: median {statistics.median(ratios):.2f} × bare (at least 0.70), {statistics.median(costs):.2f} ms per 1,000 readings (at most 1.00)")


def many_devices(build, folder, broker, devices, seconds, script):
    registers = 50
    field = Field(folder, devices)
    run = Measured(build, config_of(folder, broker, field, devices, registers, "1s"), 6, seconds)
    words = (f"{devices} devices × {registers}: {run.rate:.1f} messages/s, missed cycles told {run.missed} times, {run.processor * 100:.2f} % of a core, "
             f"{run.resident:.1f} MB")
    if script:
        by_hand = subprocess.Popen(["/usr/bin/python3", pathlib.Path(__file__).with_name("poll_script.py"), str(field.first), str(devices),
                                    str(registers), str(broker.port)])
        plant.run_for(6)
        before = processor_seconds(by_hand.pid)
        plant.run_for(seconds)
        share = (processor_seconds(by_hand.pid) - before) / seconds
        by_hand.kill()
        by_hand.wait()
        words += f"; the script takes {share * 100:.1f} %: {run.processor / share:.2f} × of it (at most 0.25)"
    field.stop()
    print(words)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--parts", default="one,100,1000")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compiled(folder)
        broker = plant.Broker(folder, extra="max_inflight_messages 0\n").start()
        try:
            for part in given.parts.split(","):
                if part == "one":
                    one_device(given.build, folder, broker, given.seconds, given.rounds)
                else:
                    many_devices(given.build, folder, broker, int(part), 2 * given.seconds, part == "100")
        finally:
            broker.stop()


if __name__ == "__main__":
    sys.exit(main())
