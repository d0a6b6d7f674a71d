# tests/bench/rtu_sweep.py: how near polling comes to what a serial line can carry: maps of real devices on a paced pseudo-terminal,
# read as fast as the line allows, against the optimum. The optimum is computed here, not by the program: the cheapest set of
# requests by the timing of the serial line specification. Prints a line for each map and speed; --least makes it a test.
#
# Two ratios: of all sweeps, and of the middle half of them by length, which a machine that has other things to do hardly touches.
# Its load is printed with them: half a millisecond that a program has to wait for its processor is 5 % of a request at 115200.
# To measure beside others: chrt -f 10 … (the kernel's own thread between the two ends of a pseudo-terminal stays as it is).
import argparse
import json
import os
import pathlib
import statistics

import own_folder
import plant

# Registers in one request at most, the device's turnaround in ms, how many such devices are on the bus.
MAPS = {
    "sdm630": {"max_read": 80, "turnaround": 20, "units": 1},
    "em24": {"max_read": 11, "turnaround": 40, "units": 1},
    "sungrow": {"max_read": 100, "turnaround": 5, "units": 1},
    "ten-units": {"max_read": 125, "turnaround": 5, "units": 10},
    "ten-fast": {"max_read": 125, "turnaround": 0, "units": 10},
}
SPEEDS = [9600, 19200, 115200]


def items_of(name):
    """(table, address, registers) of each value."""
    if name.startswith("ten-"):
        return [("holding", at, 1) for at in range(20)]
    items = []
    for line in (pathlib.Path(__file__).parent / "rtu_maps.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        of, table, first, last, registers = line.split("\t")
        if of == name:
            items += [(table, at, int(registers)) for at in range(int(first), int(last) + 1, int(registers))]
    return items


def optimum(items, baud, turnaround, max_read):
    """Seconds of bus time for all items once, and the number of requests: interval dynamic programming over each table."""
    character = 11 / baud
    silence = 3.5 * character if baud <= 19200 else 0.00175

    def cost(count):
        return (8 + 5 + 2 * count) * character + max(turnaround, silence) + silence

    total, requests = 0.0, 0
    for table in {item[0] for item in items}:
        places = sorted(item[1:] for item in items if item[0] == table)
        best = [(0.0, 0)] + [None] * len(places)
        for i, (begin, _) in enumerate(places):
            end = 0
            for j in range(i, len(places)):
                end = max(end, places[j][0] + places[j][1])
                if end - begin > max_read and j > i:
                    break
                way = (best[i][0] + cost(end - begin), best[i][1] + 1)
                if best[j + 1] is None or way < best[j + 1]:
                    best[j + 1] = way
        total += best[-1][0]
        requests += best[-1][1]
    return total, requests


def config_text(broker, folder, name, baud):
    how = MAPS[name]
    types = {1: "uint16", 2: "uint32", 4: "uint64"}
    lines = [
        "gateway: { id: sweep }", f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker}' }}", f"buffer: {{ path: {folder}/queue.db }}",
        "publish: { topic: '{gateway}/{device}' }", "buses:", "  line:", "    adapter: modbus",
        f"    serial: {{ port: {folder}/line, baud: {baud}, parity: none, stop_bits: 2 }}",
        f"    simulate: {{ turnaround: {how['turnaround']}ms }}", "    devices:"]
    for unit in range(1, how["units"] + 1):
        lines += [f"      unit{unit}:", f"        unit: {unit}", f"        max_read: {how['max_read']}", "        every: 0s",
                  "        points:"]
        for table, address, registers in items_of(name):
            kind = types.get(registers)
            shape = f"type: {kind}" if kind else f"type: string, length: {registers}"
            lines.append(f"          {table}{address}_{registers}: {{ {table}: {address}, {shape} }}")
    return "\n".join(lines) + "\n"


def measure(build, name, baud, sweeps_wanted, least_seconds):
    how = MAPS[name]
    best, requests = optimum(items_of(name), baud, how["turnaround"] / 1000, how["max_read"])
    best, requests = best * how["units"], requests * how["units"]
    seconds = max(least_seconds, sweeps_wanted * best)
    folder = own_folder.make("sweep")
    broker = plant.Broker(folder).start()
    the_plant = plant.Plant(build, folder, config_text(broker.port, folder, name, baud))
    judge = plant.Judge(broker.port, ["sweep/#"], lambda topic, payload: (topic, json.loads(payload)["ts"]))
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        # The first sweeps learn the device's turnaround, and the plan follows.
        plant.wait_for("the first sweeps", lambda: judge.count() >= 3 * how["units"], 30 + 6 * best)
        before = judge.count()
        first = {topic: len(seen) for topic, seen in judge.seen.items()}
        plant.run_for(seconds)
        the_plant.gateway.stop()
        spans, sweeps = [], []
        for topic, seen in judge.seen.items():
            # By the time stamps of the readings: no matter when a message arrives.
            own = [millis(stamp) / 1000 for stamp in seen[first.get(topic, 0):]]
            if len(own) > 2:
                spans.append((own[-1] - own[0]) / (len(own) - 1))
                sweeps += [end - begin for begin, end in zip(own, own[1:])]
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()
    sweep = statistics.mean(spans)
    seen = the_plant.devices.output().strip().splitlines()[-1]
    ratio = best / sweep
    sweeps.sort()
    quarter = len(sweeps) // 4
    middle = best / statistics.mean(sweeps[quarter:len(sweeps) - quarter])
    print(f"{name:10} {baud:6} baud: optimum {best * 1000:7.1f} ms in {requests:3} requests; measured {sweep * 1000:7.1f} ms, "
          f"{ratio:.3f} of it, the middle half {middle:.3f} ({judge.count() - before} messages, load {os.getloadavg()[0]:.1f}); "
          f"{seen.split(': ', 1)[1]}", flush=True)
    return ratio


def millis(stamp):
    import datetime
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() * 1000


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--maps", nargs="*", default=list(MAPS))
    arguments.add_argument("--speeds", nargs="*", type=int, default=SPEEDS)
    arguments.add_argument("--sweeps", type=int, default=8, help="of each map, at least")
    arguments.add_argument("--seconds", type=float, default=10, help="of each measurement, at least")
    arguments.add_argument("--least", type=float, default=0.0, help="the ratio below which the run fails")
    options = arguments.parse_args()
    worst = min(measure(options.build, name, baud, options.sweeps, options.seconds) for name in options.maps for baud in options.speeds)
    print(f"worst: {worst:.3f} of the optimum")
    return 1 if worst < options.least else 0


if __name__ == "__main__":
    own_folder.run(main)
