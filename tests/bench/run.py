#!/usr/bin/env python3
# tests/bench/run.py: publishes the same messages by each client in turn to one mosquitto, and prints a table of rates.
# Not here: the clients (publish_*), and building them (tools/bench).
"""Rates count finished handshakes: QoS 0 until the broker has answered a message of QoS 1 behind the last, QoS 1 until the last
PUBACK, QoS 2 until the last PUBCOMP. Clients take turns in each round, so a disturbance of the machine hits all of them; what
counts are ratios within a round. "us" are microseconds on a processor for each message, of the client and of the broker."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

NAMES = {3: "3.1.1", 5: "5.0"}
MESSAGES = {0: 300_000, 1: 80_000, 2: 40_000}
SYNCED_MESSAGES = 300  # of the client that syncs several files for each
TICK = os.sysconf("SC_CLK_TCK")


class Client:
    def __init__(self, name, command, peer=False, qos=(0, 1, 2), folder=None, environment=None, messages=None):
        self.name, self.command, self.peer, self.qos = name, command, peer, qos
        self.folder = folder  # arguments that follow the one for a folder of its own; None: it takes none
        self.environment, self.messages = environment or {}, messages


def clients(build):
    def program(name):
        return [str(build / name)]

    sync = {"LD_PRELOAD": str(build / "paho_sync.so")}
    memory = [
        Client("tidegate", program("publish_tidegate")),
        Client("libmosquitto", program("publish_mosquitto"), peer=True),
        Client("MQTT.js", ["node", str(build / "publish_mqttjs.mjs")], peer=True),
        Client("Paho C", program("publish_paho"), peer=True),
        Client("broker's ceiling", program("publish_ceiling")),
    ]
    durable = [
        Client("tidegate", program("publish_tidegate")),
        Client("tidegate drain", program("publish_tidegate_durable"), qos=(1, 2), folder=["drain"]),
        Client("tidegate stream", program("publish_tidegate_durable"), qos=(1, 2), folder=["stream"]),
        Client("Paho C, files", program("publish_paho"), peer=True, qos=(1, 2), folder=[], messages=10 * SYNCED_MESSAGES),
        Client("Paho C, synced files", program("publish_paho"), peer=True, qos=(1, 2), folder=[], environment=sync,
               messages=SYNCED_MESSAGES),
    ]
    return memory, durable


class Broker:
    """mosquitto on a free port, without limits of its own on what is in flight."""

    def __init__(self, folder, pin):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = pathlib.Path(folder, "mosquitto.conf")
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
                          "max_inflight_messages 0\nmax_queued_messages 0\nlog_type error\n")
        self.process = subprocess.Popen(pin + [shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), "-c", str(config)])
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise SystemExit("mosquitto doesn't start")
                time.sleep(0.02)

    def seconds_on_processor(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def run_once(client, broker, how, version, qos, pin):
    messages = client.messages or how.messages or MESSAGES[qos]
    command = pin + client.command + [str(x) for x in (broker.port, version, qos, messages, how.window, how.size)]
    with tempfile.TemporaryDirectory(dir=how.folder) as folder:
        if client.folder is not None:
            command += [folder] + client.folder
        before = broker.seconds_on_processor()
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, **client.environment})
        used = broker.seconds_on_processor() - before
    if done.returncode != 0:
        raise SystemExit(f"{client.name} failed: {' '.join(command)}\n{done.stderr}")
    clock, processor = map(float, done.stdout.split())
    return {"rate": messages / clock, "client": 1e6 * processor / messages, "broker": 1e6 * used / messages}


def measure(group, broker, how, version, qos, pin):
    runs = {client.name: [] for client in group}
    for turn in range(how.rounds):
        for i in range(len(group)):
            client = group[(i + turn) % len(group)]
            runs[client.name].append(run_once(client, broker, how, version, qos, pin))
    return runs


def of(runs, what):
    return [run[what] for run in runs]


def ratios(ours, theirs):
    """Round by round; the median, and the ends."""
    each = sorted(a / b for a, b in zip(of(ours, "rate"), of(theirs, "rate")))
    return f"{statistics.median(each):.2f} ({each[0]:.2f} to {each[-1]:.2f})"


def table(title, group, runs):
    print(f"\n{title}")
    print(f"{'messages/s':22}{'least':>10}{'median':>10}{'most':>10}{'us client':>11}{'us broker':>11}")
    for client in group:
        rates = of(runs[client.name], "rate")
        times = "".join(f"{statistics.median(of(runs[client.name], which)):11.2f}" for which in ("client", "broker"))
        print(f"{client.name:22}{min(rates):10.0f}{statistics.median(rates):10.0f}{max(rates):10.0f}{times}")


def compare(group, runs, ours, peers, goal):
    known = [name for name in peers if name in runs]
    if ours not in runs or not known:
        return
    best = max(known, key=lambda name: statistics.median(of(runs[name], "rate")))
    print(f"{ours} / {best}: {ratios(runs[ours], runs[best])}{goal}", flush=True)


def main():
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("build", type=pathlib.Path, help="the folder with the programs")
    read.add_argument("--rounds", type=int, default=7)
    read.add_argument("--qos", default="0,1,2")
    read.add_argument("--versions", default="3,5", help="3 is 3.1.1")
    read.add_argument("--window", type=int, default=200, help="messages in flight")
    read.add_argument("--size", type=int, default=100, help="bytes of payload")
    read.add_argument("--messages", type=int, help="in each run; default: as many as take a second or so")
    read.add_argument("--parts", default="memory,durable")
    read.add_argument("--only", help="these clients, by name, separated by commas")
    read.add_argument("--pin", action="store_true", help="the broker to processor 0, the client to processor 1")
    read.add_argument("--folder", help="where durable state is written; default: the system's temporary folder")
    read.add_argument("--json", type=pathlib.Path, help="write every run there")
    how = read.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the broker goes too
    everything = []
    memory, durable = clients(how.build)
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(folder, ["taskset", "-c", "0"] if how.pin else [])
        pin = ["taskset", "-c", "1"] if how.pin else []
        try:
            for part in how.parts.split(","):
                for qos in map(int, how.qos.split(",")):
                    for version in map(int, how.versions.split(",")):
                        group = [c for c in (memory if part == "memory" else durable)
                                 if qos in c.qos and (not how.only or c.name in how.only.split(","))]
                        if part == "durable" and qos == 0:
                            continue
                        runs = measure(group, broker, how, version, qos, pin)
                        everything.append({"part": part, "qos": qos, "version": NAMES[version], "runs": runs})
                        table(f"{part}, QoS {qos}, MQTT {NAMES[version]}, {how.size} bytes, {how.window} in flight, "
                              f"{how.rounds} rounds", group, runs)
                        peers = [c.name for c in group if c.peer]
                        if part == "memory":
                            compare(group, runs, "tidegate", peers, "; wanted: 1.2 of the best")
                            compare(group, runs, "tidegate", ["broker's ceiling"], "")
                        else:
                            compare(group, runs, "tidegate stream", ["Paho C, synced files"], "; wanted: above 1")
                            compare(group, runs, "tidegate drain", ["Paho C, synced files"], "; wanted: above 1")
                            compare(group, runs, "tidegate drain", ["tidegate"], "; wanted: 0.5")
        finally:
            broker.stop()
    if how.json:
        how.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    sys.exit(main())
