# tests/system/figures.py: start to first message, size of what is shipped, memory, CPU per reading, bytes written per message.
# A benchmark, not a test: it prints figures and judges nothing.
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import outage_test
import own_folder
import plant


def stripped_bytes(build):
    total = 0
    for name in ("tidegate", "adapters/modbus.so", "adapters/simulated.so"):
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copy(build / name, copy.name)
            subprocess.run(["strip", copy.name], check=True)
            total += os.path.getsize(copy.name)
    return total


def start_to_first_message(the_plant, judge, rounds):
    """From exec to the subscriber's callback, with an empty queue; the broker and the devices are there."""
    times = []
    for _ in range(rounds):
        before = judge.count()
        began = time.monotonic()
        the_plant.gateway.start()
        while judge.count() == before:
            time.sleep(0.0005)
        times.append((time.monotonic() - began) * 1000)
        the_plant.gateway.stop()
    return times


def process_figures(the_plant, judge, seconds):
    the_plant.gateway.start()
    plant.wait_for("messages", lambda: judge.count() > 0, 10)
    pid = the_plant.gateway.process.pid

    def snapshot():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        written = next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines() if line.startswith("write_bytes"))
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), written, judge.count(), time.monotonic()

    plant.run_for(2)
    cpu0, written0, count0, at0 = snapshot()
    plant.run_for(seconds)
    cpu1, written1, count1, at1 = snapshot()
    memory = the_plant.gateway.resident_kib()
    the_plant.gateway.stop()
    messages = count1 - count0
    return {"messages/s": messages / (at1 - at0), "CPU %": 100 * (cpu1 - cpu0) / (at1 - at0),
            "ms CPU per 1000 messages": 1e6 * (cpu1 - cpu0) / messages, "bytes written per message": (written1 - written0) / messages,
            "resident KiB": memory}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    print(f"stripped program and adapters: {stripped_bytes(options.build) / 1e6:.2f} MB")
    for rate in (100, 500):
        folder = own_folder.make("figures")
        broker = plant.Broker(folder).start()
        text = outage_test.config_text(broker.port, plant.free_port(), folder, rate)
        the_plant = plant.Plant(options.build, folder, text)
        judge = plant.Judge(broker.port, ["outage/#"], plant.counter_of)
        try:
            the_plant.start_devices(buses=1)
            if rate == 100:
                times = start_to_first_message(the_plant, judge, 10)
                print(f"start to first message: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")
            print(f"100 points, {rate} readings/s, QoS 2: " + ", ".join(f"{k} {v:.1f}" for k, v in process_figures(the_plant, judge, 15).items()))
        finally:
            judge.stop()
            the_plant.stop()
            broker.stop()


if __name__ == "__main__":
    own_folder.run(main)
