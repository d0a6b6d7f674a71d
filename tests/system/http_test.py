# tests/system/http_test.py: the HTTP server of the real program: what it answers, what it refuses, and that nothing that clients do to
# it (hammering, a thousand connections, half requests, slow readers, too much of everything) costs a poll or delays a message.
# Not here: single requests byte by byte (tests/gateway/http/http_exchange_test.cpp).
import argparse
import collections
import contextlib
import gzip
import http.client
import json
import re
import socket
import ssl
import statistics
import subprocess
import threading
import time
import urllib.request
import warnings

import paho.mqtt.client as paho

import own_folder
import plant


failures = []


def expect(what, found, wanted):
    if found != wanted:
        failures.append(f"{what}: {found!r} instead of {wanted!r}")


def config_of(folder, broker, http, devices):
    points = {"count": {"wave": "counter"}, "valve": {"wave": "held", "value": 20, "writable": True, "write": {"min": 0, "max": 100}}}
    return json.dumps({
        "gateway": {"id": "page", "writes": "enabled", "clock": "trusted"}, "mqtt": {"url": f"mqtt://127.0.0.1:{broker}"},
        "buffer": {"path": f"{folder}/queue.db"}, "http": http,
        "buses": {"bench": {"adapter": "simulated", "devices": {f"tank{i}": {"every": "100ms", "points": points} for i in range(devices)}}}})


def port_of(gateway):
    found = re.findall(r"http_served .*?port=(\d+)", gateway.output()[gateway.started_at:])
    return int(found[-1]) if found else 0


class Client:
    def __init__(self, port, token=None, context=None):
        self.port, self.token, self.context = port, token, context

    def ask(self, method, path, body=None, **headers):
        """Status, headers, body."""
        make = http.client.HTTPConnection if self.context is None else http.client.HTTPSConnection
        more = {} if self.context is None else {"context": self.context}
        with contextlib.closing(make("localhost", self.port, timeout=20, **more)) as connection:
            connection.connect()
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            if self.token:
                fields.setdefault("Authorization", f"Bearer {self.token}")
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def json(self, path):
        return json.loads(self.ask("GET", path)[2])


def raw(port, data, wait=5.0):
    """What comes back until the server closes, or for so long."""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(wait)
        got = b""
        try:
            s.sendall(data)
            while part := s.recv(65536):
                got += part
        except (TimeoutError, ConnectionError):
            pass
        return got


class Latency:
    """Seconds from the time in a message to its arrival."""

    def __init__(self, port):
        self.seen, self.numbers = [], collections.defaultdict(list)
        self.client = paho.Client("latency", protocol=paho.MQTTv311)
        self.client.on_connect = lambda c, *_: c.subscribe("page/+/count", 1)
        self.client.on_message = self.take
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def take(self, _client, _data, message):
        now = time.time()
        said = json.loads(message.payload)
        taken = time.mktime(time.strptime(said["ts"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0" + said["ts"][19:23])
        self.seen.append(now - taken)
        self.numbers[message.topic].append(said["value"])

    def during(self, call):
        """The 99th of a hundred, in ms, of what came while this ran."""
        before = len(self.seen)
        call()
        part = sorted(self.seen[before:])
        return 1000 * part[int(len(part) * 0.99)] if part else float("inf")

    def gaps(self):
        return sum(b - a - 1 for numbers in self.numbers.values() for a, b in zip(numbers, numbers[1:]))


# ---- What it answers ----

def check_answers(client):
    state = client.json("/api/state")
    expect("the gateway's name", state["gateway"]["id"], "page")
    expect("a point's quality", state["buses"][0]["devices"][0]["points"][0]["quality"], "good")
    expect("the ledger", state["queue"]["balanced"], True)
    expect("the steps of an hour", len(client.json("/api/history")["queued"]), 360)
    expect("the steps of a day", len(client.json("/api/history?span=24h")["online"]), 288)
    status, headers, page = client.ask("GET", "/")
    expect("the page", (status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    expect("its tag", client.ask("GET", "/", If_None_Match=headers["ETag"])[0], 304)
    packed = client.ask("GET", "/", Accept_Encoding="gzip")
    expect("the page, packed", gzip.decompress(packed[2]), page)
    for path, wanted in (("/healthz", 200), ("/readyz", 200), ("/nothing", 404), ("/../../etc/passwd", 404)):
        expect(path, client.ask("GET", path)[0], wanted)
    expect("a foreign name", client.ask("GET", "/api/state", Host="evil.example")[0], 421)
    command = lambda point, value, **more: client.ask("POST", f"/api/set/tank0/{point}", value, **{"Content_Type": "application/json", **more})
    done = command("valve", '{"value":42,"id":"a1"}')
    expect("a command", (done[0], json.loads(done[2])["stage"], json.loads(done[2])["id"]), (200, "verified", "a1"))
    refused = command("valve", "200")
    expect("a command out of range", (refused[0], json.loads(refused[2])["reason"]), (409, "above_max"))
    expect("a command to nobody", command("nothing", "1")[0], 404)
    expect("no value", command("valve", "{")[0], 400)
    expect("a foreign origin", command("valve", "43", Origin="http://evil.example")[0], 403)
    expect("a form", command("valve", "43", Content_Type="text/plain")[0], 415)


def check_events(port):
    stream = urllib.request.urlopen(f"http://localhost:{port}/api/events", timeout=10)
    kinds, values, ends = collections.Counter(), [], time.monotonic() + 10
    while kinds["values"] < 4 and time.monotonic() < ends:
        line = stream.readline().decode()
        if line.startswith("event: "):
            kinds[line.split()[1]] += 1
        if line.startswith("data: ") and '"points"' in line and '"gateway"' not in line:
            values.append(json.loads(line[6:]))
    stream.close()
    if kinds["values"] < 4 or kinds["state"] < 1:
        failures.append(f"events: {dict(kinds)} in ten seconds")
    if values and not any(point[:3] == [0, 0, 0] and point[5] == "good" for point in values[-1]["points"]):
        failures.append(f"an event without the counter: {values[-1]}")


def check_metrics(client, the_plant):
    status, headers, text = client.ask("GET", "/metrics")
    expect("metrics", (status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
    found = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    if found.returncode != 0 or found.stderr:
        failures.append("promtool: " + (found.stdout + found.stderr).decode())
    samples = dict(line.rsplit(" ", 1) for line in text.decode().splitlines() if not line.startswith("#"))
    ledger = the_plant.ledger()
    later = ledger["accepted"] - int(samples["tidegate_messages_accepted_total"])
    if not 0 <= later < 1000:  # the file is looked at after the metrics
        failures.append(f"the metrics have {samples['tidegate_messages_accepted_total']} accepted messages, the file {ledger['accepted']}")
    for name in ("tidegate_broker_connected", "tidegate_ledger_balanced"):
        value = [v for k, v in samples.items() if k.startswith(name)]
        expect(name, value, ["1"])


def check_status(the_plant):
    ask = lambda *more: subprocess.run([the_plant.build / "tidegate", "status", "-c", the_plant.config, *more], capture_output=True, text=True)
    words = ask()
    expect("status", words.returncode, 0)
    if "Nothing is wrong." not in words.stdout or "broker" not in words.stdout:
        failures.append("status says: " + words.stdout + words.stderr)
    expect("status --json", json.loads(ask("--json").stdout)["gateway"]["id"], "page")


# ---- What clients do to it ----

def hammer(port, seconds, clients):
    """Requests a second, and the times to the first byte."""
    times, stop = [], time.monotonic() + seconds
    request = b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def one():
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.settimeout(10)
            while time.monotonic() < stop:
                began = time.monotonic()
                s.sendall(request)
                head = s.recv(65536)
                times.append(time.monotonic() - began)
                size = int(re.search(rb"Content-Length: (\d+)", head)[1])
                rest = size - (len(head) - head.index(b"\r\n\r\n") - 4)
                while rest > 0:
                    rest -= len(s.recv(min(rest, 1 << 20)))

    threads = [threading.Thread(target=one) for _ in range(clients)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return len(times) / seconds, times


def abuse(port, seconds):
    """A thousand connections of all kinds, while others ask."""
    held = []
    for i in range(1000):
        s = socket.socket()
        s.settimeout(5)
        try:
            s.connect(("127.0.0.1", port))
            if i % 4 == 1:
                s.sendall(b"GET /api/state HT")  # and no more
            if i % 4 == 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")  # and never reads
            if i % 4 == 3:
                s.sendall(b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)  # and never reads
        except OSError:
            pass  # one too many
        held.append(s)
    for data in (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, b"\x16\x03\x01" + b"\xff" * 1000, b"POST /api/set/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n"):
        for _ in range(20):
            with contextlib.suppress(OSError):
                raw(port, data, 0.2)
    plant.run_for(seconds)
    for s in held:
        s.close()


def check_bounds(port):
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    expect("a hundred requests at once", raw(port, request * 99 + last).count(b"HTTP/1.1 200 OK"), 100)
    for data, status in ((b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
                         (b"POST /api/set/tank0/valve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n", b"413"),
                         (b"nonsense\r\n\r\n", b"400")):
        expect(f"{data[:30]!r}", raw(port, data)[9:12], status)


def check_attacks(the_plant, latency, port, options):
    missed = lambda: Client(port).json("/api/state")["buses"][0]["missed_cycles"]
    for left in (2, 1, 0):  # a busy machine has its own ways to miss a poll, but hardly three times
        found = attack(the_plant, latency, port, options, missed)
        if not found or left == 0:
            break
    failures.extend(found)
    expect("messages that never came", latency.gaps(), 0)


def attack(the_plant, latency, port, options, missed):
    failed = []
    calm = latency.during(lambda: plant.run_for(options.seconds))
    before, memory = missed(), the_plant.gateway.resident_kib()
    rates = []
    hammered = latency.during(lambda: rates.append(hammer(port, options.seconds, 20)))
    abused = latency.during(lambda: abuse(port, options.seconds))
    plant.wait_for("room for one more", lambda: answers(port), 20)
    if missed() > before:
        failed.append(f"{missed() - before} missed polls")
    for what, found in (("hammered", hammered), ("abused", abused)):
        if found > max(4 * calm, calm + options.most_delay):
            failed.append(f"delivery, {what}: {found:.0f} ms instead of {calm:.0f} ms")
    rate, times = rates[0]
    print(f"{rate:.0f} requests/s of the state by 20 clients, first byte {1000 * statistics.median(times):.2f} ms in the median; "
          f"99 of 100 messages within {calm:.1f} ms in peace, {hammered:.1f} ms hammered, {abused:.1f} ms abused; "
          f"memory {memory} KiB before, {the_plant.gateway.resident_kib()} KiB after")
    return failed


def answers(port):
    with contextlib.suppress(OSError, http.client.HTTPException):
        return Client(port).ask("GET", "/healthz")[0] == 200
    return False


# ---- With a token, and TLS ----

def check_token_and_tls(options, folder, broker):
    (folder / "token").write_text("correct-horse-battery\n")
    key, cert = folder / "page.key", folder / "page.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key,
                    "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    http_part = {"listen": "127.0.0.1:0", "token": f"@file:{folder}/token", "tls": {"cert": str(cert), "key": str(key)}}
    secured = plant.Plant(options.build, folder / "tls-plant", config_of(folder / "tls-plant", broker.port, http_part, 1))
    secured.gateway.start()
    try:
        plant.wait_for("https", lambda: port_of(secured.gateway), 20)
        port = port_of(secured.gateway)
        context = ssl.create_default_context(cafile=cert)
        expect("https with the token", Client(port, "correct-horse-battery", context).ask("GET", "/metrics")[0], 200)
        expect("https without", Client(port, None, context).ask("GET", "/metrics")[0], 401)
        expect("health without", Client(port, None, context).ask("GET", "/healthz")[0], 200)
        if b"HTTP/" in raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            failures.append("plain HTTP is answered where TLS is asked for")
        statuses = [Client(port, f"wrong{i}", context).ask("GET", "/api/state")[0] for i in range(12)]
        expect("wrong tokens", statuses, [401] * 10 + [429] * 2)
        expect("the right one from there, then", Client(port, "correct-horse-battery", context).ask("GET", "/metrics")[0], 429)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        try:
            Client(port, None, old).ask("GET", "/healthz")
            failures.append("TLS 1.1 was accepted")
        except (ssl.SSLError, OSError):
            pass
        if "correct-horse" in secured.gateway.output():
            failures.append("the token is in the log")
    finally:
        secured.gateway.stop()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--seconds", type=float, default=4, help="of each kind of attack, and of peace before")
    arguments.add_argument("--devices", type=int, default=10)
    arguments.add_argument("--most-delay", type=float, default=150, help="ms by which the slowest of 100 messages may be later than in peace")
    options = arguments.parse_args()
    folder = own_folder.make("http")
    broker = plant.Broker(folder).start()
    config = config_of(folder, broker.port, {"listen": "127.0.0.1:0", "writes": "enabled"}, options.devices)
    the_plant = plant.Plant(options.build, folder, config)
    latency = Latency(broker.port)
    the_plant.gateway.start()
    try:
        plant.wait_for("the server", lambda: port_of(the_plant.gateway), 20)
        plant.wait_for("a connection", the_plant.is_connected, 20)
        plant.wait_for("readings", lambda: len(latency.seen) > 3 * options.devices, 20)
        port = port_of(the_plant.gateway)
        client = Client(port)
        check_answers(client)
        check_events(port)
        check_metrics(client, the_plant)
        check_status(the_plant)
        check_bounds(port)
        check_attacks(the_plant, latency, port, options)
        check_token_and_tls(options, folder, broker)
        expect("the exit code", the_plant.gateway.stop(), 0)
    finally:
        latency.client.loop_stop()
        the_plant.stop()
        broker.stop()
    for failure in failures:
        print("FAILED:", failure)
    if failures:
        print("its folder is", folder)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
