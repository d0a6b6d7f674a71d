# tests/system/service_test.py: what systemd hears of the service (a socket of ours in its place), and what is seen from afar of how
# its lives end: READY, STATUS, RELOADING, STOPPING; a thread that hangs ends WATCHDOG=1, and the log says which; crashes in a row.
import argparse
import json
import os
import pathlib
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import own_folder
import plant

NAME = "served"


class Systemd:
    """Collects the datagrams, with the time of each."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.said = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.said.append((time.monotonic(), self.socket.recv(65536).decode()))

    def lines(self):
        return [line for _, text in list(self.said) for line in text.split("\n")]

    def has(self, line):
        return any(each.startswith(line) for each in self.lines())

    def last(self, line):
        """Seconds since it was last said."""
        return time.monotonic() - max((at for at, text in list(self.said) if line in text.split("\n")), default=0)


def config_text(broker, folder, ports, http):
    text = f"gateway: {{ id: {NAME} }}\nmqtt: {{ url: 'mqtt://127.0.0.1:{broker}' }}\nhttp: {{ listen: '127.0.0.1:{http}' }}\n"
    text += f"buffer: {{ path: {folder}/queue.db, max_bytes: 16MiB }}\nbuses:\n"
    for name, port in ports.items():
        text += (f"  {name}:\n    adapter: modbus\n    tcp: {{ host: 127.0.0.1, port: {port} }}\n    devices:\n"
                 f"      {name}1: {{ unit: 1, every: 200ms, points: {{ counter: {{ holding: 0, type: uint32 }} }} }}\n")
    return text


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--shim", required=True)
    options = arguments.parse_args()
    folder = own_folder.make("service")
    broker = plant.Broker(folder).start()
    http = plant.free_port()
    the_plant = plant.Plant(options.build, folder,
                            config_text(broker.port, folder, {"good": plant.free_port(), "hung": plant.free_port()}, http))
    gateway = the_plant.gateway
    topic = f"tidegate/{NAME}/service"
    judge = plant.Judge(broker.port, ["tidegate/#"], lambda *_: None)
    failures = []

    def check(what, condition):
        if not condition:
            failures.append(what)
            print("FAILED:", what)

    def start(systemd, **more):
        address, place = systemd
        gateway.env = dict(os.environ, NOTIFY_SOCKET=address, WATCHDOG_USEC="2000000", **more)
        heard = Systemd(place)
        gateway.start()
        return heard

    def record():
        return json.loads(judge.last_text.get(topic, "{}"))

    try:
        the_plant.start_devices(buses=2)
        # An abstract name, as systemd may give.
        abstract = f"tidegate-test-{os.getpid()}"
        heard = start(("@" + abstract, "\0" + abstract))
        plant.wait_for("READY=1", lambda: heard.has("READY=1"), 20)
        plant.wait_for("the status", lambda: heard.has("STATUS=connected to 127.0.0.1"), 20)
        plant.wait_for("both devices", lambda: any("2 devices online" in each for each in heard.lines()), 20)
        plant.wait_for("the watchdog's food", lambda: heard.lines().count("WATCHDOG=1") >= 3, 20)
        plant.wait_for("the first record", lambda: record().get("starts") == 1, 20)
        check(f"{record()}", record()["last_stop"] == "none" and record()["crashes_in_a_row"] == 0 and record()["version"])
        for child in pathlib.Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split():
            environment = pathlib.Path(f"/proc/{child}/environ").read_bytes()
            check("a child could speak to systemd", b"NOTIFY_SOCKET" not in environment)

        gateway.process.send_signal(signal.SIGHUP)
        plant.wait_for("RELOADING=1", lambda: heard.has("RELOADING=1"), 20)
        reloading = next(at for at, text in heard.said if "RELOADING=1" in text)
        monotonic = int(next(each for each in heard.lines() if each.startswith("MONOTONIC_USEC=")).split("=")[1])
        check("RELOADING=1 says when", abs(monotonic / 1e6 - reloading) < 5)
        plant.wait_for("READY=1 again", lambda: heard.lines().count("READY=1") == 2, 20)
        broker.stop()
        plant.wait_for("the loss in the status", lambda: heard.has("STATUS=no connection to 127.0.0.1"), 20)
        broker.start()
        plant.wait_for("a connection", the_plant.is_connected, 30)

        # Lives that end in the midst of it.
        for crash in (1, 2):
            gateway.kill()
            place = str(folder / f"notify{crash}")
            heard = start((place, place))
            plant.wait_for("READY=1", lambda: heard.has("READY=1"), 20)
            plant.wait_for(f"crash {crash}", lambda: record().get("crashes_in_a_row") == crash, 30)
            check(f"{record()}", record()["last_stop"] == "crash" and record()["starts"] == crash + 1)
            check("the log says so", f"not_stopped_in_order last_stop=crash in_a_row={crash}" in gateway.output())
        check("the exit code", gateway.stop() == 0)
        check("STOPPING=1", heard.has("STOPPING=1") and heard.has("EXTEND_TIMEOUT_USEC="))

        # A thread that hangs.
        place, hang = str(folder / "notify3"), folder / "hang"
        heard = start((place, place), LD_PRELOAD=options.shim, HANG_FILE=str(hang))
        plant.wait_for("READY=1", lambda: heard.has("READY=1"), 20)
        plant.wait_for("an orderly record", lambda: record().get("last_stop") == "orderly", 30)
        check(f"{record()}", record()["crashes_in_a_row"] == 0 and record()["starts"] == 4)
        plant.wait_for("the watchdog's food", lambda: heard.has("WATCHDOG=1"), 20)
        hang.touch()
        plant.wait_for("the hang to be told", lambda: 'thread_hangs thread="bus hung" at=poll' in gateway.output(), 120)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{http}/healthz", timeout=20).close()
            check("/healthz says that all is well", False)
        except urllib.error.HTTPError as said:
            words = said.read().decode()
            check(f"/healthz: {said.code} {words}", said.code == 503 and "bus hung is late by" in words and "at poll" in words)
        check("other threads hang", gateway.output().count("thread_hangs") == 1)
        fed = heard.lines().count("WATCHDOG=1")
        plant.wait_for("the watchdog to starve", lambda: heard.last("WATCHDOG=1") > 3, 20)
        check("it was fed after the hang was told", heard.lines().count("WATCHDOG=1") <= fed + 1)
        gateway.kill()
    finally:
        judge.stop()
        if gateway.running():
            gateway.kill()
        the_plant.stop()
        broker.stop()
    if failures:
        print("\n".join(failures))
        print("logs in", folder)
        raise SystemExit(1)
    print("passed")


if __name__ == "__main__":
    own_folder.run(main)
