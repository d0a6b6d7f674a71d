# tidegate scan and watch on lines and hosts: simulated plants, meters that aren't ours (which know one speed, say who they are, answer
# late, or refuse), Ctrl-C, a bus that a running service holds, and terminals.
import argparse
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty

import plant


def check(condition, words):
    if not condition:
        sys.exit(f"FAILED: {words}")


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


class Line:
    """A line with meters that aren't ours, at the master's end of a pty."""

    def __init__(self, speed, meters):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path, self.slave = os.ttyname(slave), slave
        self.speed, self.meters, self.asked = speed, meters, set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        data = b""
        while True:
            ready, _, _ = select.select([self.master], [], [], 0.02)
            if ready:
                data += os.read(self.master, 256)
                continue
            if len(data) >= 4 and crc(data[:-2]) == data[-2:]:
                # The speed at which the other end sends; a wrong one would be noise to a meter.
                if self.speed in (None, termios.tcgetattr(self.master)[5]):
                    self.answer(data)
            data = b""

    def answer(self, request):
        unit, function = request[0], request[1]
        self.asked.add(unit)
        meter = self.meters.get(unit)
        if meter is None:
            return
        time.sleep(meter.get("delay", 0))
        pdu = self.pdu(meter, function, request[2:-2])
        frame = bytes([unit]) + pdu
        os.write(self.master, frame + crc(frame))

    @staticmethod
    def pdu(meter, function, rest):
        if function == 43 and "objects" in meter:
            wanted = [n for n in sorted(meter["objects"]) if n == rest[2] or (rest[1] != 4 and n > rest[2])]
            if rest[2] not in wanted:
                return bytes([0xAB, 2])
            objects = b"".join(bytes([n, len(meter["objects"][n])]) + meter["objects"][n].encode() for n in wanted)
            return bytes([43, 14, rest[1], 0x81, 0, 0, len(wanted)]) + objects
        if function in (3, 4):
            address, count = struct.unpack(">HH", rest)
            values = meter.get(function, {})
            if all(a in values for a in range(address, address + count)):
                return bytes([function, 2 * count]) + b"".join(struct.pack(">H", values[a]) for a in range(address, address + count))
            return bytes([0x80 | function, 2])
        return bytes([0x80 | function, 1])


def floats(values):
    out = {}
    for address, value in values.items():
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        out[address], out[address + 1] = high, low
    return out


SDM630 = {4: floats({0: 230.1, 2: 231.2, 4: 229.8, 6: 1, 8: 2, 10: 3, 12: 200, 42: 230.4, 70: 50.01})}


class Simulated:
    """tidegate simulate with a plant of ours; `typed` sets values."""

    def __init__(self, build, folder, text, typed=()):
        config = folder / "plant.yaml"
        config.write_text(text)
        self.log = folder / "simulate.log"
        self.out = open(self.log, "w")
        self.process = subprocess.Popen([build / "tidegate", "simulate", "-c", config], stdin=subprocess.PIPE, stdout=self.out,
                                        stderr=self.out, text=True)
        plant.wait_for("the simulated plant", lambda: "serving at" in self.log.read_text(), 20)
        for line in typed:
            self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.out.close()


def tidegate(build, *words, seconds=240, code=0):
    done = subprocess.run([build / "tidegate", *map(str, words)], capture_output=True, text=True, timeout=seconds)
    check(done.returncode == code, f"tidegate {words} ends with {done.returncode}, not {code}:\n{done.stdout}\n{done.stderr}")
    return done


def json_lines(done):
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def a_line_of_three(build, folder):
    """247 units at 9600 with three present: all found, in less than half of what waiting for each would take; a valid config."""
    port = folder / "line"
    plants = Simulated(build, folder, f"""
gateway: {{ id: sim }}
mqtt: {{ url: mqtt://127.0.0.1 }}
buses:
  line:
    adapter: modbus
    serial: {{ port: {port}, baud: 9600, parity: none }}
    simulate: {{ turnaround: 20ms }}
    devices:
      a: {{ unit: 1, template: eastron-sdm120, every: 5s }}
      b: {{ unit: 7, template: eastron-sdm630, every: 5s }}
      c: {{ unit: 126, every: 5s, points: {{ x: {{ holding: 3, type: uint16 }} }} }}
""", ["set a.frequency 50", "set a.voltage 230", "set b.frequency 49.9"])
    try:
        stub = folder / "stub.yaml"
        begun = time.monotonic()
        units, end = json_lines(tidegate(build, "scan", f"rtu://{port}?baud=9600&parity=none", "--json", "-o", stub))
        took = time.monotonic() - begun
        naive = 244 * 0.5
        check([u["unit"] for u in units] == [1, 7, 126] and end == {"found": 3, "complete": True}, f"three units: {units} {end}")
        check(took < naive / 2, f"the scan took {took:.1f} s; 244 time-outs alone would be {naive:.0f} s")
        of = {u["unit"]: [t["name"] for t in u["templates"]] for u in units}
        check("eastron-sdm120" in of[1] and "eastron-sdm630" in of[7] and not of[126], f"templates: {of}")
        check("eastron-sdm120" not in of[7], f"a meter of three phases isn't taken for one of one: {of[7]}")
        tidegate(build, "check", "-c", stub)
        text = stub.read_text()
        check("# template: eastron-sdm630" in text or "  template: eastron-sdm630" in text, text)
        again = tidegate(build, "scan", f"rtu://{port}?baud=9600&parity=none", "--units", "1", "--no-identify", "-o", stub, code=1)
        check("it is there already" in again.stderr, again.stderr)
        print(f"247 units at 9600, 3 present, 20 ms turnaround: {took:.1f} s; waiting 500 ms for each silent one is {naive:.0f} s")
    finally:
        plants.stop()


def unknown_meters(build):
    """At a speed that nobody named; one says who it is, one answers later than the first pass waits, one refuses everything."""
    line = Line(termios.B19200, {3: {**SDM630, "objects": {0: "Eastron", 1: "SDM630M", 2: "1.8"}}, 40: {"delay": 0.25, **SDM630}, 5: {}})
    units, end = json_lines(tidegate(build, "scan", line.path, "--json"))
    by = {u["unit"]: u for u in units}
    check(sorted(by) == [3, 5, 40] and end["complete"], f"three units: {units} {end}")
    check(all(u["baud"] == 19200 for u in units), f"19200: {units}")
    check([t["name"] for t in by[3]["templates"]] == ["eastron-sdm630"], f"it names itself: {by[3]}")
    check(by[3]["maker"] == "Eastron" and "SDM630M" in by[3]["product"], f"identity: {by[3]}")
    check("eastron-sdm630" in [t["name"] for t in by[40]["templates"]] and by[40]["templates"][0]["reasons"], f"by registers: {by[40]}")
    check(by[5]["templates"] == [] and "exception" in by[5]["answer"], f"an exception is an answer: {by[5]}")
    # While a meter takes its time, requests to others run together, as they do on a line.
    check(len(line.asked) >= 240, f"all units were asked, not {len(line.asked)}")


def words_typed_wrong(build):
    for words, part in ((("tcp://10.0.0.0/8",), "1024"), (("/dev/null", "--units", "300"), "--units"), (("/dev/null", "--parity", "X"), "--parity"),
                        (("/dev/null", "--baud", "9601"), "9600"), (("tcp://127.0.0.1:1", "--baud", "9600"), "serial"), (("/dev/null", "--timeout", "1"), "--timeout")):
        done = tidegate(build, "scan", *words, code=2)
        check(part in done.stderr, f"{words}: {done.stderr}")
    for every in ("0s", "999us"):  # else it would ask without a pause
        done = tidegate(build, "watch", "tcp://127.0.0.1:1", "--unit", "1", "--template", "eastron-sdm120", "--every", every, code=2)
        check("at least 1ms" in done.stderr, done.stderr)
    done = tidegate(build, "scan", "/dev/does-not-exist", code=1)
    check("does-not-exist" in done.stderr + done.stdout, done.stderr)


def stopped(build, folder):
    """Ctrl-C keeps what was found, also in the config."""
    line = Line(None, {1: SDM630})
    stub = folder / "stopped.yaml"
    scan = subprocess.Popen([build / "tidegate", "scan", line.path, "--baud", "9600", "--parity", "N", "-o", stub],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = scan.stderr.readline()
    check(first.startswith("unit 1 answers"), f"the first found is told at once: {first}")
    scan.send_signal(signal.SIGINT)
    out, err = scan.communicate(timeout=30)
    check(scan.returncode == 0 and "Stopped" in err and "not searched to the end" in out, f"{scan.returncode}: {out}{err}")
    check("unit 1" in out, out)
    tidegate(build, "check", "-c", stub)


def hosts(build, folder):
    """Several hosts, one of them without a server; a device that answers to every unit, and one that doesn't."""
    one, two, closed = plant.free_port(), plant.free_port(), plant.free_port()
    plants = Simulated(build, folder, f"""
gateway: {{ id: sim }}
mqtt: {{ url: mqtt://127.0.0.1 }}
buses:
  one: {{ adapter: modbus, tcp: {{ host: 127.0.0.1, port: {one} }}, devices: {{ a: {{ unit: 1, template: eastron-sdm630, every: 5s }} }} }}
  two: {{ adapter: modbus, tcp: {{ host: 127.0.0.1, port: {two} }}, devices: {{ b: {{ unit: 10, every: 5s, points: {{ x: {{ holding: 0, type: uint16 }} }} }} }} }}
""", ["set a.frequency 50"])
    try:
        plant.wait_for("both hosts", lambda: plants.log.read_text().count("serving at") == 2, 20)
        stub = folder / "hosts.yaml"
        done = tidegate(build, "scan", f"tcp://127.0.0.1:{one},127.0.0.1:{two},127.0.0.1:{closed}", "--json", "--timeout", "300ms", "-o", stub)
        units, end = json_lines(done)
        check([(u["bus"], u["unit"]) for u in units] == [(f"tcp://127.0.0.1:{one}", 1), (f"tcp://127.0.0.1:{two}", 10)], f"{units}")
        check("eastron-sdm630" in [t["name"] for t in units[0]["templates"]], f"{units[0]}")
        tidegate(build, "check", "-c", stub)
        check(stub.read_text().count("adapter: modbus") == 2, "a bus for each host")
        done = tidegate(build, "scan", f"tcp://127.0.0.1:{closed}", "--timeout", "300ms", code=1)
        done = tidegate(build, "scan", f"tcp://127.0.0.1:{one},127.0.0.1:{two}", "--timeout", "300ms", "--units", "10", "--no-identify")
        check(f"tcp://127.0.0.1:{two}: unit 10 answers" in done.stderr, f"which host it is: {done.stderr}")
        check(f"no unit answered at tcp://127.0.0.1:{one}\n" in done.stdout, f"those without a unit: {done.stdout}")
        done = tidegate(build, "scan", f"tcp://127.0.0.1:{two}?timeout=200ms", "--units", "10", "--no-identify")
        check("unit 10 answers" in done.stderr, f"a host with settings: {done.stderr}")
    finally:
        plants.stop()


class Host:
    """A server that answers its first question once `ready` is set, and says `asked` when it has that."""

    def __init__(self, ready):
        self.ready, self.asked, self.socket = ready, threading.Event(), socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.socket.accept()  # the first comes only to see whether somebody listens
            with client:
                request = client.recv(256)
                if request:
                    self.asked.set()
                    self.ready.wait()
                    client.sendall(request[:4] + b"\0\3" + request[6:7] + bytes([request[7] | 0x80, 2]))
                    client.recv(256)


def hosts_side_by_side(build):
    """Each of the hosts answers only when all are asked; one that is silent holds no other up, nor Ctrl-C."""
    ready = threading.Event()
    several = [Host(ready) for _ in range(4)]
    threading.Thread(target=lambda: [each.asked.wait() for each in several] and ready.set(), daemon=True).start()
    where = "tcp://" + ",".join(each.address for each in several)
    units, end = json_lines(tidegate(build, "scan", where, "--json", "--units", "1", "--no-identify", "--timeout", "30s"))
    check([u["bus"] for u in units] == ["tcp://" + each.address for each in several] and end["complete"], f"all, in their order: {units} {end}")

    silent = [Host(threading.Event()) for _ in range(3)]
    where = "tcp://" + ",".join(each.address for each in [*silent, several[0]])
    scan = subprocess.Popen([build / "tidegate", "scan", where, "--units", "1", "--no-identify", "--timeout", "60s"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "unit 1 answers" not in scan.stderr.readline():
        check(scan.poll() is None, "the one that answers is found")
    for each in silent:
        each.asked.wait(30)
    scan.send_signal(signal.SIGINT)
    out, err = scan.communicate(timeout=30)
    check(scan.returncode == 0 and "Stopped" in err and out.count("not searched to the end") >= 3, f"{scan.returncode}: {out}{err}")
    check(f"tcp://{several[0].address}: 1 unit" in out, out)


def held_by_a_service(build, folder):
    """The bus of a running service is scanned through it, at its speed; watch shows what the service has without a request."""
    line = Line(None, {1: SDM630, 9: SDM630})
    config = folder / "service.yaml"
    config.write_text(f"""
gateway: {{ id: plant7 }}
mqtt: {{ url: mqtt://127.0.0.1:{plant.free_port()} }}
buffer: {{ path: {folder}/queue.db }}
buses:
  line:
    adapter: modbus
    serial: {{ port: {line.path}, baud: 9600, parity: none }}
    timeout: 200ms
    devices:
      hall: {{ unit: 1, every: 1s, points: {{ voltage: {{ input: 0, type: float32, unit: V }}, missing: {{ input: 900, type: uint16 }} }} }}
""")
    service = plant.Process("service", [build / "tidegate", "run", "-c", config], folder / "service.log").start()
    try:
        def first_value():
            done = subprocess.run([build / "tidegate", "watch", "-c", config, "-n", "1", "--json"], capture_output=True, text=True, timeout=30)
            return '"value":230.1' in done.stdout
        plant.wait_for("a value in watch", first_value, 30)
        units, end = json_lines(tidegate(build, "scan", "line", "-c", config, "--units", "1-12", "--json"))
        check([u["unit"] for u in units] == [1, 9] and end["complete"], f"through the service: {units} {end}")
        done = tidegate(build, "scan", "line", "-c", config, "--baud", "19200", "--units", "1-3", code=1)
        check("service of gateway 'plant7'" in done.stderr and "speed" in done.stderr, done.stderr)
        before = len(line.asked)
        done = tidegate(build, "watch", "-c", config, "hall", "-n", "2", "--plain", "--every", "1100ms")
        check("hall voltage 230.1 V" in done.stdout and len(line.asked) == before, done.stdout)
        done = tidegate(build, "watch", "-c", config, "hell", "-n", "1", code=1)
        check("hell" in done.stderr, done.stderr)
        on_a_terminal(build, config)
    finally:
        service.stop()
    alone = tidegate(build, "watch", "-c", config, "-n", "1", "--json")
    lines = [json.loads(one) for one in alone.stdout.splitlines()]
    check({"device": "hall", "point": "voltage", "value": 230.1, "unit": "V"}.items() <= lines[0].items(), f"without a service: {lines}")
    check("exception 2" in lines[1]["error"], f"what a point lacks is told: {lines}")
    typed = tidegate(build, "watch", f"rtu://{line.path}?parity=none", "--unit", "9", "--template", "eastron-sdm630", "-n", "1", "--plain")
    check("unit-9 voltage_l1 230.1 V" in typed.stdout, f"by a template: {typed.stdout}{typed.stderr}")
    silent = tidegate(build, "watch", f"rtu://{line.path}?parity=none", "--unit", "10", "--template", "eastron-sdm120", "-n", "1", "--plain")
    check("unit-10 error: no answer" in silent.stdout, f"who is silent is told: {silent.stdout}")


def on_a_terminal(build, config):
    """A table that fits the window, is drawn anew without being cleared, and leaves the screen as it was."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 40, 0, 0))
    watch = subprocess.Popen([build / "tidegate", "watch", "-c", config, "--every", "100ms"], stdin=slave, stdout=slave, stderr=slave)
    shown = b""

    def frames():
        nonlocal shown
        while select.select([master], [], [], 0)[0]:
            shown += os.read(master, 4096)
        return shown.count(b"\x1b[H")

    plant.wait_for("some frames", lambda: frames() >= 4, 20)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 4, 20, 0, 0))
    plant.wait_for("frames of another size", lambda: frames() >= 12, 20)
    watch.send_signal(signal.SIGINT)
    watch.wait(20)
    frames()
    os.close(slave)
    check(watch.returncode == 0, "Ctrl-C ends it in order")
    text = shown.decode(errors="replace")
    check(text.startswith("\x1b[?1049h") and text.rstrip().endswith("\x1b[?1049l"), "the other screen, and back")
    check(text.count("\x1b[2J") == 1, "cleared once, at the start")
    drawn = text.split("\x1b[H")[2:]
    for frame in drawn:
        lines = [re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", one).rstrip("\r") for one in frame.split("\n")]
        check(len(lines) <= 5 and all(len(one) <= 40 for one in lines), f"a frame fits: {lines}")
    last = [re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", one).rstrip("\r") for one in drawn[-1].split("\n")]
    check(len(last) <= 4 and all(len(one) <= 20 for one in last), f"the last fits the new size: {last}")
    os.close(master)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    build = args.build.resolve()
    with tempfile.TemporaryDirectory(prefix="tidegate-scan-") as name:
        folder = pathlib.Path(name)
        parts = {"words": lambda: words_typed_wrong(build), "line": lambda: a_line_of_three(build, folder),
                 "meters": lambda: unknown_meters(build), "stopped": lambda: stopped(build, folder),
                 "hosts": lambda: hosts(build, folder), "beside": lambda: hosts_side_by_side(build),
                 "service": lambda: held_by_a_service(build, folder)}
        for part, run in parts.items():
            if args.only in ("", part):
                run()
                print(f"{part}: good", flush=True)


main()
