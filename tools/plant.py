# tools/plant.py: starts and stops the processes of a small plant on loopback (broker, simulated devices, gateway) and judges
# what arrives by a subscriber that knows nothing of Tidegate. Used by tools/demo and by tests/system; not part of the product.
import collections
import json
import os
import pathlib
import pwd
import random
import re
import signal
import socket
import subprocess
import threading
import time

import paho.mqtt.client as paho


_held = []


def free_port():
    """A loopback TCP port that nobody listens on, and that no process is given while this one lives: tests run beside each other.
    Below those that the kernel takes for the near ends of connections."""
    for port in random.SystemRandom().sample(range(15000, 32768), 1000):
        held = socket.socket(socket.AF_UNIX)
        try:
            held.bind(f"\0tidegate-port-{port}")  # a name without a file, free again when its process ends
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            held.close()
            continue
        _held.append(held)
        return port
    raise RuntimeError("no TCP port is free")


def wait_for(what, condition, seconds):
    """Waits until condition() is true; names what was waited for if it never is. `seconds` is ample on a quiet machine; tests that run
    side by side have three times that."""
    seconds *= 3
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def run_for(seconds):
    """Lets the plant run: a stretch of the story, never a wait for something to happen (that is wait_for)."""
    time.sleep(seconds)


class Process:
    """A child process with its output in a file. Ended by its own PID, never by name."""

    def __init__(self, name, command, log, env=None):
        self.name, self.command, self.log_path, self.env = name, [str(c) for c in command], pathlib.Path(log), env
        self.process = None
        self.started_at = 0  # where its output begins in the file

    def start(self):
        self.started_at = len(self.output())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=10):
        """Ends the process; returns its exit code (negative: the signal that ended it)."""
        if self.process is None:
            return None
        if self.running():
            self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise TimeoutError(f"{self.name} did not end within {seconds} s of signal {how}; its output is in {self.log_path}")

    def kill(self):
        return self.stop(signal.SIGKILL)

    def output(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def resident_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0


class Broker(Process):
    """A real mosquitto with persistent sessions; `extra` goes to the end of its configuration."""

    def __init__(self, folder, port=None, extra=""):
        self.port = port or free_port()
        folder = pathlib.Path(folder)
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n"
            f"persistence true\npersistence_location {folder}/\nuser {pwd.getpwuid(os.getuid()).pw_name}\n{extra}")
        binary = "/usr/sbin/mosquitto" if os.path.exists("/usr/sbin/mosquitto") else "mosquitto"
        super().__init__("mosquitto", [binary, "-c", config], folder / "mosquitto.log")

    def start(self):
        super().start()
        wait_for("mosquitto to listen", self.listens, 10)
        return self

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            return True
        except OSError:
            return False


def repeats_of_broker(log, client):
    """How often the broker sent PUBLISH to a client after the PUBREL of the same exchange, by its log (`log_type all`). mosquitto 2.0.11
    falls back to it when it starts again, or when a connection ends before it has repeated all its PUBRELs; by then the client has rightly
    forgotten the identifier, and can't but take it for a new message."""
    completing = set()
    count = 0
    for line in log.split("\n"):
        found = re.search(rf"(Sending|Received) (PUBLISH|PUBREL|PUBCOMP) (?:to|from) {client} .*?(?:\bm|Mid: )(\d+)", line)
        if not found:
            continue
        kind, identifier = found[2], int(found[3])
        if kind == "PUBLISH" and identifier in completing:
            count += 1
        completing.add(identifier) if kind == "PUBREL" else completing.discard(identifier)
    return count


class Listener:
    """Subscribes to everything and counts, for each first level of a topic, what came that isn't of `tidegate/`."""

    def __init__(self, port):
        self.counts = collections.Counter()
        self.names = set()
        subscribed = threading.Event()
        self.client = paho.Client("listener", protocol=paho.MQTTv311)
        self.client.on_connect = lambda c, *_: c.subscribe("#", 2)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = self._take
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if not subscribed.wait(10):
            raise TimeoutError("the listener could not subscribe")

    def _take(self, _client, _data, message):
        levels = message.topic.split("/")
        self.names.add(levels[1] if levels[0] == "tidegate" else levels[0])
        if levels[0] != "tidegate":
            self.counts[levels[0]] += 1

    def heard(self, gateway):
        return self.counts[gateway]

    def has_heard(self, gateway):
        """Anything at all, status included."""
        return gateway in self.names

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Judge:
    """Subscribes with a persistent session and keeps, for each stream of counters, what came and in which order."""

    def __init__(self, port, topics, counter_of, qos=2, name="judge"):
        """counter_of(topic, payload) gives (stream, number) or None for a message that carries no counter."""
        self.counter_of = counter_of
        self.seen = collections.defaultdict(list)  # stream → numbers, in the order of arrival
        self.last_text = {}
        self.messages = 0
        self.by_id = {}  # the last message of each packet identifier
        self.broker_repeats = 0
        self.lock = threading.Lock()
        self.subscribed = threading.Event()
        self.client = paho.Client(name, clean_session=False, protocol=paho.MQTTv311)
        self.client.reconnect_delay_set(0.05, 0.2)
        self.client.max_inflight_messages_set(1000)
        self.client.on_connect = lambda c, *_: [c.subscribe(t, qos) for t in topics]
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._take
        self.client.connect_async("127.0.0.1", port, keepalive=10)
        self.client.loop_start()
        if not self.subscribed.wait(10):
            raise TimeoutError("the judge could not subscribe")

    def _take(self, _client, _data, message):
        found = self.counter_of(message.topic, message.payload.decode(errors="replace"))
        with self.lock:
            # A DUP flag is of the broker's own leg to us, never passed on from the publisher [MQTT-3.3.1-3]. mosquitto 2.0
            # sends a message again after its restart although it had our PUBREC: same identifier, same content, DUP.
            content = (message.topic, message.payload)
            if message.dup and self.by_id.get(message.mid) == content:
                self.broker_repeats += 1
                return
            self.by_id[message.mid] = content
            self.last_text[message.topic] = message.payload.decode(errors="replace")
            if found is None:
                return
            self.messages += 1
            self.seen[found[0]].append(found[1])

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def count(self):
        with self.lock:
            return self.messages

    def verdict(self):
        """Totals over all streams: delivered (different ones), duplicated, out of order, taken (highest number of each)."""
        result = collections.Counter()
        with self.lock:
            for numbers in self.seen.values():
                different = set(numbers)
                result["delivered"] += len(different)
                result["duplicated"] += len(numbers) - len(different)
                result["taken"] += max(numbers)
                newest = 0
                for n in numbers:
                    if n < newest:
                        result["out_of_order"] += 1
                    newest = max(newest, n)
        return result


def counting_config(name, broker, device_port, folder, units, points, every, qos, version=5):
    """A gateway that polls counters of simulated Modbus TCP units, each on a topic of its own."""
    lines = [
        f"gateway: {{ id: {name} }}",
        f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker}', version: {version} }}",
        f"buffer: {{ path: {folder}/queue.db, max_bytes: 256MiB }}",
        f"publish: {{ qos: {qos} }}",
        "buses:",
        "  field:",
        "    adapter: modbus",
        f"    tcp: {{ host: 127.0.0.1, port: {device_port} }}",
        "    devices:",
    ]
    for unit in range(1, units + 1):
        lines += [f"      unit{unit}:", f"        unit: {unit}", f"        every: {every}", "        points:"]
        lines += [f"          counter{p}: {{ holding: {p * 2}, type: uint32 }}" for p in range(points)]
    return "\n".join(lines) + "\n"


def counter_of(topic, payload):
    """The counter in a message of such a gateway; None for its status topics."""
    return None if topic.startswith("tidegate/") else (topic, json.loads(payload)["value"])


def is_connected(gateway):
    """By the gateway's own word: the last thing that it said of the broker since it was started."""
    text = gateway.output()[gateway.started_at:]
    return text.rfind("broker_connected") > text.rfind("broker_lost")


def ledger_of(build, config):
    text = subprocess.run([build / "tidegate", "queue", "stats", "-c", config, "--json"], capture_output=True, text=True)
    try:
        return json.loads(text.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"tidegate queue stats failed: {text.stderr or text.stdout}") from None


class Plant:
    """Broker, simulated devices and gateway in one folder, from one config."""

    def __init__(self, build, folder, config_text):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "plant.yaml"
        self.config.write_text(config_text)
        tidegate = self.build / "tidegate"
        self.devices = Process("tidegate simulate", [tidegate, "simulate", "-c", self.config], self.folder / "devices.log")
        self.gateway = Process("tidegate run", [tidegate, "run", "-c", self.config], self.folder / "gateway.log")

    def start_devices(self, buses):
        self.devices.start()
        wait_for("the simulated devices", lambda: self.devices.output().count("serving at") >= buses or not self.devices.running(), 10)
        if not self.devices.running():
            raise RuntimeError("tidegate simulate ended:\n" + self.devices.output())

    def is_connected(self):
        return is_connected(self.gateway)

    def ledger(self):
        return ledger_of(self.build, self.config)

    def stop(self):
        for process in (self.gateway, self.devices):
            if process.running():
                process.stop()
