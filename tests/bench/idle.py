# tests/bench/idle.py: what the daemon costs when it idles along: 100 points at 1 Hz from four simulated devices to a local broker.
# Prints resident memory, by what it is, and the share of a core. Exits with 1 beyond the bounds. Not a test of the suite: figures of a
# busy machine say little.
import argparse
import collections
import os
import pathlib

import own_folder
import plant


def mappings(pid):
    """Resident KiB by file (or kind) and, of each, what is private and dirty."""
    found = collections.defaultdict(lambda: [0, 0])
    name = ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            name = os.path.basename(words[5]) if len(words) > 5 else "anonymous"
        elif words[0] == "Rss:":
            found[name][0] += int(words[1])
        elif words[0] == "Private_Dirty:":
            found[name][1] += int(words[1])
    return found


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, help="a release build")
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--points", type=int, default=100)
    arguments.add_argument("--most-kib", type=int, default=12 * 1024)
    arguments.add_argument("--most-cpu", type=float, default=0.5, help="percent of a core")
    options = arguments.parse_args()
    folder = own_folder.make("idle")
    broker = plant.Broker(folder).start()
    text = plant.counting_config("idle", broker.port, plant.free_port(), folder, 4, options.points // 4, "1s", 1)
    the_plant = plant.Plant(options.build, folder, text)
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        plant.wait_for("a connection", the_plant.is_connected, 30)
        plant.run_for(10)
        pid = the_plant.gateway.process.pid
        before = cpu_seconds(pid)
        plant.run_for(options.seconds)
        cpu = 100 * (cpu_seconds(pid) - before) / options.seconds
        resident = the_plant.gateway.resident_kib()
        for name, (rss, dirty) in sorted(mappings(pid).items(), key=lambda each: -each[1][0])[:16]:
            print(f"{rss:7} KiB resident, {dirty:6} private and written  {name}")
    finally:
        the_plant.stop()
        broker.stop()
    print(f"{resident} KiB resident, {cpu:.2f} % of a core")
    raise SystemExit(0 if resident <= options.most_kib and cpu <= options.most_cpu else 1)


if __name__ == "__main__":
    own_folder.run(main)
