# tests/system/library_test.py: the client as a library for others: installed into an empty prefix, its examples built against that
# alone, and run with a real broker while they are killed by SIGKILL and the broker is restarted.
import argparse
import pathlib
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

import paho.mqtt.client as paho

import own_folder
import plant

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LINES, PUBLISHER_KILLS = 6000, 8
MESSAGES, SUBSCRIBER_KILLS, BACKLOG = 2000, 12, 300
REQUESTS = 50


TO_END = []  # what a test that fails leaves behind


def ended_with_the_test(process):
    TO_END.append(process)
    return process


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


# ---- The package ----

def cached(build, name):
    return re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M).group(1)


def installed_headers(prefix):
    root = prefix / "include" / "tidegate"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.hpp"))


def check_headers(build, prefix):
    """Each public header compiles alone, with what is installed and no more; and nothing private is among them."""
    headers = installed_headers(prefix)
    for needed in ("mqtt/session.hpp", "mqtt/client.hpp", "store/queue.hpp"):
        assert needed in headers, f"{needed} isn't installed"
    for private in ("mqtt/session_machine.hpp", "mqtt/codec_bytes.hpp", "mqtt/gate.hpp", "mqtt/tls_mbedtls.hpp", "store/sqlite.hpp"):
        assert not (prefix / "include" / "tidegate" / private).exists(), f"{private} is installed"
    for header in headers:
        run(cached(build, "CMAKE_CXX_COMPILER"), "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror",
            "-I", prefix / "include" / "tidegate", "-include", header, "-x", "c++", "/dev/null")
    print(f"headers: {len(headers)} compile alone")


def build_examples(build, prefix, folder):
    # Out of the tree: a forgotten header can't be found beside the sources.
    sources, began = folder / "examples", time.monotonic()
    shutil.copytree(SOURCE / "examples", sources)
    run("cmake", "-S", sources, "-B", folder / "built", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={cached(build, 'CMAKE_CXX_COMPILER')}", f"-DCMAKE_CXX_FLAGS={cached(build, 'CMAKE_CXX_FLAGS')} -O0 -Werror")
    run("cmake", "--build", folder / "built")
    print(f"examples: built in {time.monotonic() - began:.0f} s")
    return folder / "built"


def check_components(prefix, folder):
    """What is asked for is there, what isn't known is told."""
    def configure(line):
        project = folder / "components"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(components LANGUAGES CXX)\n" + line +
            "\nif(TARGET Tidegate::mqtt)\nmessage(STATUS \"has mqtt\")\nendif()\nif(TARGET Tidegate::store)\nmessage(STATUS \"has store\")\nendif()\n")
        done = subprocess.run(["cmake", "-S", project, "-B", project / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"],
                              capture_output=True, text=True)
        return done.returncode, "has mqtt" in done.stdout, "has store" in done.stdout, done.stderr

    version = re.search(r"VERSION (\d+)\.(\d+)", (SOURCE / "CMakeLists.txt").read_text().split("project(")[1])
    major, minor = int(version.group(1)), int(version.group(2))
    assert configure("find_package(Tidegate REQUIRED COMPONENTS mqtt)")[:3] == (0, True, False)
    assert configure("find_package(Tidegate REQUIRED COMPONENTS store)")[:3] == (0, False, True)
    assert configure(f"find_package(Tidegate {major}.{minor} REQUIRED)")[:3] == (0, True, True)
    code, _, _, words = configure("find_package(Tidegate REQUIRED COMPONENTS gateway)")
    assert code != 0 and "gateway" in words, words
    code, _, _, words = configure(f"find_package(Tidegate {major}.{minor + 1} REQUIRED)")
    assert code != 0 and "version" in words, words


def check_readme():
    shown = (SOURCE / "mqtt" / "README.md").read_text()
    assert (SOURCE / "examples" / "publish_once.cpp").read_text() in shown, "mqtt/README.md doesn't show examples/publish_once.cpp as it is"


# ---- The examples ----

class LineFeeder:
    """Feeds publish_durable the lines 1, 2, 3 …; after a kill it goes on after the line that the program says is safe."""

    def __init__(self, command):
        self.command = [str(c) for c in command]
        self.safe = 0
        self.errors = ""
        self.process = None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # The first number is what came last: all after it is to be given again.
        first = self.process.stdout.readline()
        if not first:
            raise RuntimeError("publish_durable ended: " + self.process.stderr.read())
        assert int(first) >= self.safe, f"line {self.safe} was said to be safe; after a restart only {int(first)} are"
        self.safe = int(first)
        self.threads = [threading.Thread(target=t) for t in (self._write, self._read, self._complain)]
        for thread in self.threads:
            thread.start()
        return self

    def _write(self):
        try:
            for line in range(self.safe + 1, LINES + 1):
                while line > self.safe + 100 and self.process.poll() is None:
                    time.sleep(0.001)
                self.process.stdin.write(f"{line}\n")
                self.process.stdin.flush()
            self.process.stdin.close()
        except (BrokenPipeError, ValueError):
            pass  # killed

    def _read(self):
        for number in self.process.stdout:
            if number.endswith("\n"):
                self.safe = int(number)

    def _complain(self):
        self.errors += self.process.stderr.read()

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            for thread in self.threads:
                thread.join()

    def kill(self):
        self.process.kill()
        self.wait(10)


class OneWayLink:
    """Between a client and the broker. While it is `deaf`, nothing that the client says arrives: then the broker doesn't know what a
    client that is killed has already kept."""

    def __init__(self, broker_port):
        self.broker_port, self.deaf = broker_port, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            broker = socket.create_connection(("127.0.0.1", self.broker_port))
            threading.Thread(target=self._carry, args=(client, broker, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(broker, client, False), daemon=True).start()

    def _carry(self, source, target, from_client):
        dropped = False  # once a part is missing, the rest would be no MQTT
        try:
            while data := source.recv(65536):
                dropped = dropped or (from_client and self.deaf)
                if not dropped:
                    target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def try_publish_once(built, broker):
    judge = plant.Judge(broker.port, ["once"], lambda topic, payload: (topic, int(payload)))
    run(built / "publish_once", f"mqtt://127.0.0.1:{broker.port}", "once", "42")
    plant.wait_for("the message", lambda: judge.count() == 1, 5)
    judge.stop()
    done = subprocess.run([built / "publish_once", "http://x", "once", "42"], capture_output=True, text=True)
    assert done.returncode == 2 and "unknown scheme" in done.stderr, done


def try_publish_durable(built, broker, folder, chance):
    judge = plant.Judge(broker.port, ["lines"], lambda topic, payload: (topic, int(payload)))
    feeder = ended_with_the_test(LineFeeder([built / "publish_durable", f"mqtt://127.0.0.1:{broker.port}", "lines", folder / "lines.db"]))
    step = LINES // (PUBLISHER_KILLS + 1)
    for kill in range(PUBLISHER_KILLS):
        feeder.start()
        mark = (kill + 1) * step + chance.randrange(step // 2)
        plant.wait_for(f"line {mark} to be safe", lambda: feeder.safe >= mark, 60)
        if kill % 3 == 1:
            broker.stop()  # lines are taken all the same
            more = min(feeder.safe + step // 4, LINES)
            plant.wait_for("lines to be taken without a broker", lambda: feeder.safe >= more, 30)
        feeder.kill()
        if not broker.running():
            broker.start()
    code = feeder.start().wait(120)
    plant.wait_for("all lines to arrive", lambda: judge.verdict()["delivered"] >= LINES, 10)
    judge.stop()
    verdict = judge.verdict()
    print(f"publish_durable: {PUBLISHER_KILLS} kills, {dict(verdict)}, of {LINES}; broker's own repeats {judge.broker_repeats}")
    assert code == 0, f"publish_durable ended with {code}: {feeder.errors}"
    assert feeder.safe == LINES
    assert verdict["delivered"] == LINES and verdict["taken"] == LINES, "lines were lost"
    assert verdict["duplicated"] == 0, "lines came twice"
    assert verdict["out_of_order"] == 0, "lines came out of order"


def try_subscribe_exactly_once(built, broker, folder, chance):
    database, link = folder / "received.db", OneWayLink(broker.port)
    subscriber = ended_with_the_test(plant.Process(
        "subscribe_exactly_once", [built / "subscribe_exactly_once", f"mqtt://127.0.0.1:{link.port}", "numbers/#", database], folder / "subscriber.log"))

    def rows():
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10) as file:
            return [int(payload) for (payload,) in file.execute("SELECT payload FROM message ORDER BY number")]

    def is_subscribed():
        assert subscriber.running(), subscriber.output()
        return "numbers/#: QoS 2" in subscriber.output()[subscriber.started_at:]

    def publish():
        for number in range(MESSAGES):
            publisher.publish(f"numbers/{number % 7}", str(number), qos=2)
            plant.run_for(0.001)

    subscriber.start()
    plant.wait_for("the subscription", is_subscribed, 20)
    publisher = paho.Client("numbers", protocol=paho.MQTTv311)
    publisher.connect("127.0.0.1", broker.port)
    publisher.loop_start()
    stream = threading.Thread(target=publish, daemon=True)
    stream.start()
    step, amid, unheard = MESSAGES // (SUBSCRIBER_KILLS + 1), 0, 0
    for kill in range(SUBSCRIBER_KILLS):
        mark = kill * step + chance.randrange(step)
        plant.wait_for(f"{mark} messages", lambda: len(rows()) >= mark, 30)
        if kill % 2 == 1:
            plant.wait_for("the subscription", is_subscribed, 20)
            link.deaf, before = True, len(rows())
            plant.wait_for("messages that are kept and can't be acknowledged", lambda: len(rows()) > before, 20)
        subscriber.kill()
        now = len(rows())
        amid += now < MESSAGES
        unheard += now - before if link.deaf else 0
        link.deaf = False
        subscriber.start()
    stream.join()
    plant.wait_for("all messages", lambda: len(rows()) >= MESSAGES, 60)
    # What has come together while nobody was there comes at once; mosquitto 2.0 knows no measure then.
    subscriber.kill()
    for sent in [publisher.publish("numbers/late", str(MESSAGES + number), qos=2) for number in range(BACKLOG)]:
        sent.wait_for_publish(10)
    subscriber.start()
    plant.wait_for("the backlog", lambda: len(rows()) >= MESSAGES + BACKLOG, 30)
    plant.wait_for("the last start", is_subscribed, 10)
    code = subscriber.stop()
    publisher.disconnect()
    publisher.loop_stop()
    link.close()
    found = rows()
    print(f"subscribe_exactly_once: {SUBSCRIBER_KILLS} kills, {amid} of them amid the messages, {unheard} messages kept that the broker didn't hear of; "
          f"{len(found)} rows, {len(set(found))} different, of {MESSAGES + BACKLOG}")
    assert code == 0, f"subscribe_exactly_once ended with {code}: {subscriber.output()}"
    assert amid > SUBSCRIBER_KILLS // 2 and unheard > 0, "the kills came too late: the test shows nothing"
    assert sorted(found) == list(range(MESSAGES + BACKLOG)), "not each message exactly once"


def try_request_response(built, broker, folder):
    url = f"mqtt://127.0.0.1:{broker.port}"
    responder = ended_with_the_test(
        plant.Process("responder", [built / "request_response", "respond", url, "capitals"], folder / "responder.log")).start()
    plant.wait_for("the responder", lambda: "ready" in responder.output() or not responder.running(), 20)
    texts = [f"text {number}" for number in range(REQUESTS)]
    answers = run(built / "request_response", "request", url, "capitals", *texts).splitlines()
    assert responder.stop() == 0, responder.output()
    assert sorted(answers) == sorted(f"{text} -> {text.upper()}" for text in texts), answers
    print(f"request_response: {len(answers)} round trips")


def try_tls(built, folder):
    """publish_durable believes a server by its CA alone."""
    for name in ("right", "wrong"):
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
    broker = plant.Broker(folder / "tls")
    config = folder / "tls" / "mosquitto.conf"
    config.write_text(config.read_text().replace("allow_anonymous", f"certfile {folder}/right.pem\nkeyfile {folder}/right.key\nallow_anonymous", 1))
    broker.start()
    try:
        def publish(ca, seconds):
            process = subprocess.Popen([built / "publish_durable", f"mqtts://localhost:{broker.port}", "tls", folder / f"{ca}.db", folder / f"{ca}.pem"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                return process.communicate("a line\n", timeout=seconds) + (process.returncode,)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.communicate() + (None,)

        numbers, words, code = publish("right", 30)
        assert code == 0 and numbers.split() == ["0", "1"], (numbers, words, code)
        numbers, words, code = publish("wrong", 2)
        assert code is None and "certificate" in words, (numbers, words, code)
    finally:
        broker.stop()
    print("publish_durable: TLS with its CA, and not with another")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = arguments.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    folder = own_folder.make("library")
    prefix = folder / "prefix"

    check_readme()
    run("cmake", "--install", options.build, "--component", "dev", "--prefix", prefix)
    assert not (prefix / "bin").exists(), "the component dev holds programs"
    check_headers(options.build, prefix)
    check_components(prefix, folder)
    built = build_examples(options.build, prefix, folder)
    (folder / "tls").mkdir()
    broker = plant.Broker(folder).start()
    try:
        try_publish_once(built, broker)
        try_publish_durable(built, broker, folder, chance)
        try_subscribe_exactly_once(built, broker, folder, chance)
        try_request_response(built, broker, folder)
        try_tls(built, folder)
    finally:
        for process in TO_END:
            if process.running():
                process.kill()
        if broker.running():
            broker.stop()
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    own_folder.run(main)
