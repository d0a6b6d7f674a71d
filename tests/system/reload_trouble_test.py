# tests/system/reload_trouble_test.py: reloads that come at the wrong time or with the wrong file: while the service starts and
# stops, in a storm of other brokers and buffers, with a pipe for a file; a page whose port is taken or whose secrets are renewed;
# and so many commands at once that the control socket has no room. Not here: what a bus misses (reload_test.py).
import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

import certificates
import plant

failures = []


def check(what, condition):
    if not condition:
        failures.append(what)
        print("FAILED:", what)


class Gateway:
    def __init__(self, build, folder, broker):
        self.folder, self.program, self.path = folder, pathlib.Path(build) / "tidegate", folder / "gateway.yaml"
        self.mqtt = {"url": f"mqtt://127.0.0.1:{broker}"}
        self.buffer = {"path": f"{folder}/queue.db"}
        self.http = {"listen": f"127.0.0.1:{plant.free_port()}"}
        self.process = plant.Process("gateway", [self.program, "run", "-c", self.path], folder / "gateway.log")
        self.write()

    def write(self, **changes):
        points = {"count": {"wave": "counter"}}
        self.path.write_text(json.dumps({
            "gateway": {"id": "trouble", "clock": "trusted"}, "mqtt": self.mqtt, "buffer": self.buffer, "http": self.http,
            "buses": {"bench": {"adapter": "simulated", "devices": {"tank": {"every": "50ms", "points": points}}}}, **changes}))

    def log(self):
        return self.process.output()[self.process.started_at:]

    def reload(self):
        """Exit code, and what was said."""
        done = subprocess.run([self.program, "reload", "-c", self.path], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def hup(self):
        self.process.process.send_signal(signal.SIGHUP)

    def status(self):
        done = subprocess.run([self.program, "status", "-c", self.path, "--json"], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    def ask(self, path, token=None):
        """The status, or 0 if nobody answers."""
        scheme = "https" if "tls" in self.http else "http"
        request = urllib.request.Request(f"{scheme}://{self.http['listen']}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20, context=ssl._create_unverified_context()) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except urllib.error.URLError:
            return 0


def storm(gateway):
    """However they come, the last file counts, and what is read is delivered."""
    choice = random.Random(1)
    for number in range(60):
        other = choice.choice(["mqtt", "buffer", "none"])
        gateway.write(mqtt={**gateway.mqtt, **({"client_id": "other"} if other == "mqtt" else {})},
                      buffer={**gateway.buffer, **({"max_bytes": f"{10 + number}MiB"} if other == "buffer" else {})})
        gateway.hup()
        plant.run_for(choice.random() * 0.03)
    gateway.write()
    code, said = gateway.reload()
    check(f"the reload after the storm: {said}", code == 0)

    def delivered():
        return gateway.status()["queue"]["acknowledged"]
    before = delivered()
    plant.wait_for("messages to be delivered again", lambda: delivered() > before + 20, 30)


def other_buffers(gateway):
    """A queue file that is opened again and again is never called a failing disk. (When a reload looked into it, one in some hundreds was.)"""
    for number in range(1500):
        gateway.write(buffer={**gateway.buffer, "max_bytes": f"{10 + number // 3 % 5}MiB"})
        code, said = gateway.reload()
        check(f"reload {number}: {said}", code == 0)
    check("no failing disk", "disk_failing" not in gateway.log())
    gateway.write()
    check("the first bounds again", gateway.reload()[0] == 0)


def pipe(gateway):
    gateway.path.unlink()
    os.mkfifo(gateway.path)
    gateway.hup()
    plant.wait_for("the pipe to be refused", lambda: "a pipe, which can't be read again" in gateway.log(), 20)
    gateway.path.unlink()
    gateway.write()
    check("a file in its place", gateway.reload()[0] == 0)


def crowd(gateway):
    with contextlib.ExitStack() as all_of_them:
        for _ in range(16):
            one = all_of_them.enter_context(socket.socket(socket.AF_UNIX))
            one.connect(f"{gateway.folder}/queue.db.sock")
        code, said = gateway.reload()
        check(f"one too many: {said}", code == 1 and "too many commands" in said)
    plant.wait_for("room again", lambda: gateway.reload()[0] == 0, 20)


def page(gateway, folder):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        gateway.http = {"listen": f"127.0.0.1:{other.getsockname()[1]}"}
        gateway.write()
        code, said = gateway.reload()
        check(f"a port that is taken: {said}", code == 0 and "warning: http isn't served now" in said and "already in use" in said)
    plant.wait_for("the port to be served when it is free", lambda: gateway.ask("/healthz") == 200, 40)

    authority = certificates.Authority(folder, "ours")
    token = folder / "token"
    token.write_text("first token\n")
    shown = [folder / "shown.pem", folder / "shown.key"]

    def show(pair):
        for source, target in zip(pair, shown):
            target.write_bytes(pathlib.Path(source).read_bytes())

    def certificate():
        host, port = gateway.http["listen"].rsplit(":", 1)
        return ssl.get_server_certificate((host, int(port)))

    show(authority.issue("first"))
    gateway.http = {**gateway.http, "token": f"@file:{token}", "tls": {"cert": str(shown[0]), "key": str(shown[1])}}
    gateway.write()
    check("token and TLS", gateway.reload()[0] == 0 and gateway.ask("/api/state", "first token") == 200)
    code, said = gateway.reload()
    check(f"nothing is another: {said}", "nothing that matters" in said)
    first = certificate()
    show(authority.issue("second"))
    check("a renewed certificate", gateway.reload()[0] == 0 and certificate() != first)
    token.write_text("second token\n")
    gateway.reload()
    check("the old token", gateway.ask("/api/state", "first token") == 401)
    check("the new token", gateway.ask("/api/state", "second token") == 200)
    shown[0].write_text("no certificate\n")
    code, said = gateway.reload()
    check(f"a broken certificate: {said}", code == 1 and "http.tls.cert" in said and "nothing was changed" in said)
    check("the page goes on", gateway.ask("/api/state", "second token") == 200)
    show(authority.issue("third"))
    for path in (token, shown[0], shown[1]):
        text = path.read_bytes()
        path.unlink()
        os.mkfifo(path)
        code, said = gateway.reload()
        check(f"a pipe for {path}: {said}", code == 1 and "a pipe or a device" in said and "nothing was changed" in said)
        path.unlink()
        path.write_bytes(text)
    gateway.http = {"listen": f"127.0.0.1:{plant.free_port()}"}
    gateway.write()
    gateway.reload()


def password(gateway, folder):
    """A file that is where it was, with another password in it."""
    secret = folder / "password"
    secret.write_text("first\n")
    known = gateway.mqtt
    for login in ("password", "scram-sha-256"):
        gateway.mqtt = {**known, "username": "me", "password": f"@file:{secret}", "authentication": login}
        gateway.write()
        gateway.reload()
        code, said = gateway.reload()
        check(f"the same password, {login}: {said}", code == 0 and "nothing that matters" in said)
        secret.write_text(f"second, {login}\n")
        code, said = gateway.reload()
        check(f"another password, {login}: {said}", code == 0 and "mqtt changed" in said)
    gateway.mqtt = known
    gateway.write()
    gateway.reload()
    plant.wait_for("the broker again", lambda: gateway.status()["destinations"][0]["state"] == "online", 40)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-trouble-"))
    broker = plant.Broker(folder).start()
    gateway = Gateway(options.build, folder, broker.port)
    try:
        # The first thing that it opens is the config file, and this one waits for somebody to write it.
        text = gateway.path.read_text()
        gateway.path.unlink()
        os.mkfifo(gateway.path)
        gateway.process.start()
        with open(gateway.path, "w", encoding="utf-8") as to_gateway:
            gateway.hup()
            to_gateway.write(text)
        gateway.path.unlink()
        gateway.write()
        plant.wait_for("the reload that came at the start", lambda: re.search(r" started .*\n(.*\n)*.*reload change", gateway.log()), 20)
        storm(gateway)
        other_buffers(gateway)
        pipe(gateway)
        crowd(gateway)
        page(gateway, folder)
        password(gateway, folder)
        gateway.process.process.send_signal(signal.SIGTERM)
        while gateway.process.running():
            gateway.hup()
            plant.run_for(0.001)
        check("reloads while it stops", gateway.process.process.returncode == 0)
        check("it stopped in order", "lost=0" in gateway.log())
    finally:
        if gateway.process.running():
            gateway.process.kill()
        broker.stop()
    if failures:
        print("\n".join(failures))
        print("logs in", folder)
        raise SystemExit(1)
    print("passed")


if __name__ == "__main__":
    main()
