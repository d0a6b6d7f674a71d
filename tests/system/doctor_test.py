# tests/system/doctor_test.py: what `tidegate doctor` says of gateways that lack one thing each, with the remedy, and that it disturbs
# nothing: a running service keeps its session and misses no poll.
# Not here: systemd (there is none in a test), real serial ports.
import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import certificates
import plant


class Clinic:
    def __init__(self, build, folder):
        self.binary, self.folder, self.failures, self.count = pathlib.Path(build) / "tidegate", folder, [], 0
        self.authority = certificates.Authority(folder, "ours")
        good = self.authority.issue("broker", "DNS:localhost,IP:127.0.0.1")
        old = self.authority.issue("old", "DNS:localhost,IP:127.0.0.1", start="200101000000Z", end="200201000000Z")
        self.tls, self.expired, self.denied = plant.free_port(), plant.free_port(), plant.free_port()
        listeners = "".join(f"listener {port} 127.0.0.1\ncertfile {pair[0]}\nkeyfile {pair[1]}\nallow_anonymous true\n"
                            for port, pair in ((self.tls, good), (self.expired, old)))
        passwords = folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "known", "open sesame"], check=True, capture_output=True)
        os.chmod(passwords, 0o644)  # mosquitto may run as another user
        acl = folder / "acl"
        acl.write_text("user known\ntopic read #\n")
        listeners += f"listener {self.denied} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nacl_file {acl}\n"
        self.broker = plant.Broker(folder, extra="per_listener_settings true\n")
        text = pathlib.Path(self.broker.command[-1]).read_text()
        pathlib.Path(self.broker.command[-1]).write_text("per_listener_settings true\n" + text.replace("per_listener_settings true\n", "") + listeners)
        self.broker.start()

    def config(self, text=None, **changes):
        self.count += 1
        home = self.folder / f"c{self.count}"
        home.mkdir()
        lines = {"gateway": "{ id: ward, clock: trusted }", "mqtt": f"{{ url: 'mqtt://127.0.0.1:{self.broker.port}' }}",
                 "buffer": f"{{ path: {home}/queue.db }}",
                 "buses": "{ b: { adapter: simulated, devices: { d: { every: 50ms, points: { p: {} } } } } }", **changes}
        path = home / "c.yaml"
        path.write_text(text or "".join(f"{key}: {value}\n" for key, value in lines.items()))
        return path

    def examine(self, config, **environment):
        r = subprocess.run([self.binary, "doctor", "-c", config, "--json"], capture_output=True, text=True, timeout=100,
                           env={**os.environ, **environment})
        report = json.loads(r.stdout)
        self.expect("the exit code says whether something failed", (r.returncode == 0) == report["ok"], r.stdout)
        return {c["check"]: c for c in report["checks"]}

    def expect(self, what, condition, detail=""):
        if not condition:
            self.failures.append(f"{what}: {detail}")

    def judge(self, what, config, check, verdict, found, remedy="", **environment):
        report = self.examine(config, **environment)
        it = report.get(check, {"verdict": "missing", "found": list(report), "remedy": ""})
        right = it["verdict"] == verdict and re.search(found, str(it["found"])) and re.search(remedy, it["remedy"])
        self.expect(what, right, it)
        if verdict == "failed":
            self.expect(what + ": a remedy", it["remedy"] != "", it)
        return report


def page(clinic):
    """The status page: its port, address, rights, certificate."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        clinic.judge("http: a port that is taken", clinic.config(http=f"{{ listen: '127.0.0.1:{other.getsockname()[1]}' }}"), "http",
                     "failed", "another program listens", "ss -ltnp")
    free = plant.free_port()
    clinic.judge("http: free", clinic.config(http=f"{{ listen: '127.0.0.1:{free}' }}"), "http", "ok", "free")
    token = clinic.folder / "http-token"
    token.write_text("long enough to be a token\n")
    token.chmod(0o600)
    clinic.judge("http: not our address", clinic.config(http=f"{{ listen: '192.0.2.77:{free}', token: '@file:{token}' }}"), "http",
                 "failed", "no network interface", "ip -brief address")
    one, other = clinic.authority.issue("page"), clinic.authority.issue("other")
    tls = lambda cert, key: clinic.config(http=f"{{ listen: '127.0.0.1:{free}', tls: {{ cert: {cert}, key: {key} }} }}")
    clinic.judge("http: a certificate and its key", tls(*one), "http certificate", "ok", r"fit, (29|30) days left")
    soon = clinic.authority.issue("soon", end=time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + 5 * 86400)))
    clinic.judge("http: a certificate that ends soon", tls(*soon), "http certificate", "warning", "[45] days left", "renewed")
    past = clinic.authority.issue("past", start="200101000000Z", end="200201000000Z")
    clinic.judge("http: a certificate that has ended", tls(*past), "http certificate", "warning", r"expired \d+ days ago", "renewed")
    pipe = clinic.folder / "pipe.pem"
    os.mkfifo(pipe)
    clinic.judge("http: a pipe", tls(pipe, one[1]), "http certificate", "failed", "a pipe or a device", "openssl")
    clinic.judge("http: somebody else's key", tls(one[0], other[1]), "http certificate", "failed", "http.tls.key", "openssl")
    clinic.judge("http: no certificate", tls("/nowhere.pem", one[1]), "http certificate", "failed", "http.tls.cert", "openssl")


def well(clinic):
    report = clinic.judge("all well", clinic.config(), "broker login", "ok", "logged in as ward-dr-[0-9a-f]{4}, without a user name")
    for check in ("config", "versions", "memory", "state folder", "clock", "broker name", "broker connection", "broker publish", "queue"):
        clinic.expect(f"all well: {check}", report[check]["verdict"] == "ok", report[check])
    clinic.expect("a sync was timed", re.search(r"a sync takes \d+\.\d ms, at worst \d+\.\d ms", report["state folder"]["found"]), report["state folder"])
    text = subprocess.run([clinic.binary, "doctor", "-c", clinic.config()], capture_output=True, text=True, timeout=100)
    clinic.expect("in words", text.returncode == 0 and re.search(r"^ok +broker login +logged in", text.stdout, re.M), text.stdout)


def configs(clinic):
    report = clinic.judge("a wrong config", clinic.config(gateway="{ id: ward, clokc: trusted }"), "config", "failed", "1 error: line 1: .*clokc", "tidegate check -c")
    clinic.expect("the rest is looked at all the same", "memory" in report and "clock" in report, report)
    clinic.judge("no config", clinic.folder / "none.yaml", "config", "failed", "none.yaml", "check the path")


def serial_ports(clinic):
    bus = lambda port: f"{{ l: {{ adapter: modbus, serial: {{ port: {port} }}, devices: {{ d: {{ unit: 1, every: 1s, points: {{ p: {{ holding: 1, type: uint16 }} }} }} }} }} }}"
    clinic.judge("a port that isn't there", clinic.config(buses=bus("/dev/ttyNOWHERE")), "serial l", "failed", "isn't there; there are: ", "plug the adapter in")
    master, slave = os.openpty()
    try:
        held = os.ttyname(slave)
        # This test has it open.
        clinic.judge("a port that another program has", clinic.config(buses=bus(held)), "serial l", "warning", r"also open in .*\(process " + str(os.getpid()), "end that program")
    finally:
        os.close(slave)
        os.close(master)
    plain = clinic.folder / "plain"
    plain.write_text("")
    clinic.judge("a port that is none", clinic.config(buses=bus(plain)), "serial l", "failed", "", "this is none")


def states(clinic):
    clinic.judge("no state folder", clinic.config(buffer="{ path: /nowhere/q.db }"), "state folder", "failed", "isn't there", "sudo install -d")
    memory = pathlib.Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK):
        with tempfile.TemporaryDirectory(dir=memory) as there:
            clinic.judge("a queue in memory", clinic.config(buffer=f"{{ path: {there}/q.db }}"), "state folder", "warning", "tmpfs, which is memory", "on a disk or card")
    config = clinic.config()
    (config.parent / "queue.db").write_bytes(b"not a database" * 400)
    clinic.judge("a queue file that is none", config, "queue", "failed", "queue.db", "systemctl restart|support")


def secrets(clinic):
    file = clinic.folder / "password"
    login = lambda: clinic.config(mqtt=f"{{ url: 'mqtt://127.0.0.1:{clinic.denied}', username: known, password: '@file:{file}' }}")
    report = clinic.judge("a secret that isn't there", login(), "secret", "failed", "isn't there", "put it there")
    clinic.expect("no login without it", report["broker login"]["verdict"] == "warning" and "not tried" in report["broker login"]["found"], report["broker login"])
    file.write_text("wrong")
    file.chmod(0o644)
    clinic.judge("a secret that all may read", login(), "secret", "failed", "can be read by everybody", "chmod o=")
    file.chmod(0o600)
    report = clinic.judge("a wrong password", login(), "broker login", "failed", r"(bad user name or password|not authorized).*reason code 13[45]", "mqtt.password")
    clinic.expect("the secret is in order", report["secret"]["verdict"] == "ok", report["secret"])
    file.write_text("open sesame")
    report = clinic.judge("no permission to publish", login(), "broker publish", "failed", "isn't taken", "access list")
    clinic.expect("but the login is good", report["broker login"]["verdict"] == "ok" and "user known" in report["broker login"]["found"], report["broker login"])
    everything = json.dumps(report)
    clinic.expect("the secret is in no answer", "open sesame" not in everything, everything)
    env = clinic.config(mqtt=f"{{ url: 'mqtt://127.0.0.1:{clinic.denied}', username: known, password: '@env:DOCTORS_PASSWORD' }}")
    clinic.judge("a variable that isn't set", env, "secret", "failed", "isn't set", "export")
    clinic.judge("a variable that is", env, "broker login", "ok", "user known", DOCTORS_PASSWORD="open sesame")
    old = clinic.config(mqtt=f"{{ url: 'mqtt://127.0.0.1:{clinic.denied}', version: 3.1.1, username: known, password: '@file:{file}' }}")
    clinic.judge("MQTT 3.1.1 can't say", old, "broker publish", "ok", "can't be told")


def networks(clinic):
    clinic.judge("a name that isn't known", clinic.config(mqtt="{ url: 'mqtt://broker.invalid' }"), "broker name", "failed", "broker.invalid", "name server")
    clinic.judge("a port where nobody listens", clinic.config(mqtt=f"{{ url: 'mqtt://127.0.0.1:{plant.free_port()}' }}"), "broker connection", "failed", "refused", "start the broker")
    tls = lambda port, ca: clinic.config(mqtt=f"{{ url: 'mqtts://127.0.0.1:{port}', tls: {{ ca: {ca} }} }}")
    report = clinic.judge("TLS in order", tls(clinic.tls, clinic.authority.certificate), "broker TLS", "ok", r"its certificate: CN=broker.*\b(29|30) days left")
    clinic.expect("and the login after it", report["broker login"]["verdict"] == "ok", report["broker login"])
    clinic.judge("an expired certificate", tls(clinic.expired, clinic.authority.certificate), "broker TLS", "failed", "it expired on 2020-02-01", "renewed")
    clinic.judge("an authority that isn't ours", tls(clinic.tls, "/etc/ssl/certs/"), "broker TLS", "failed", "isn't among the authorities", "mqtt.tls.ca")
    clinic.judge("TLS to a plain port", tls(clinic.broker.port, clinic.authority.certificate), "broker TLS", "failed", "TLS", "openssl|broker")
    clinic.judge("a proxy that isn't there", clinic.config(mqtt=f"{{ url: 'mqtt://b.example', proxy: {{ url: 'http://127.0.0.1:{plant.free_port()}' }} }}"), "proxy connection", "failed", "refused", "mqtt.proxy")
    bus = f"{{ n: {{ adapter: modbus, tcp: {{ host: 127.0.0.1, port: {plant.free_port()} }}, devices: {{ d: {{ unit: 1, every: 1s, points: {{ p: {{ holding: 1, type: uint16 }} }} }} }} }} }}"
    clinic.judge("a device that isn't there", clinic.config(buses=bus), "device n connection", "failed", "refused", "is it on")


def beside_a_service(clinic):
    config = clinic.config()
    log = config.parent / "gateway.log"
    gateway = plant.Process("tidegate run", [clinic.binary, "run", "-c", config], log).start()
    try:
        plant.wait_for("the gateway", lambda: plant.is_connected(gateway), 20)
        report = clinic.judge("beside a service", config, "control socket", "ok", "the running service answers")
        clinic.expect("its queue is read", report["queue"]["verdict"] == "ok" and "checksums right" in report["queue"]["found"], report["queue"])
        clinic.expect("the login is another", report["broker login"]["verdict"] == "ok", report["broker login"])
        clinic.expect("its session is as it was", log.read_text().count("broker_connected") == 1 and "broker_lost" not in log.read_text(), log.read_text())
        clinic.expect("it missed nothing", "missed" not in log.read_text(), log.read_text())
    finally:
        gateway.stop()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", required=True)
    if not shutil.which("mosquitto_passwd"):
        print("mosquitto_passwd is missing: tools/setup test")
        return 1
    with tempfile.TemporaryDirectory(prefix="tidegate-doctor-") as folder:
        os.chmod(folder, 0o755)
        clinic = Clinic(options.parse_args().build, pathlib.Path(folder))
        try:
            for story in (well, configs, serial_ports, states, secrets, networks, page, beside_a_service):
                story(clinic)
        finally:
            clinic.broker.stop()
    for failure in clinic.failures:
        print("FAILED", failure)
    return 1 if clinic.failures else 0


if __name__ == "__main__":
    sys.exit(main())
