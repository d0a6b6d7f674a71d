# tests/system/commission_test.py: read, guess and write, from the command line: on a Modbus server that isn't ours (pymodbus), on a
# serial line (a pseudo-terminal), and on a line that a running service holds: it goes on polling, its values stay right, nothing is
# there twice, and who may not write is refused. Not here: how often a guess is right (tests_commission), and a wrong baud rate,
# which a pseudo-terminal can't show.
import argparse
import asyncio
import base64
import json
import logging
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer
import own_folder
import plant

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # refusals are part of the story
failures = []
lines = []  # to be stopped, however it ends
HELD = 777  # what the service's point reads all the time


def check(what, good, detail=""):
    if not good:
        failures.append(f"{what}: {detail}")


class Foreign(threading.Thread):
    """A server of pymodbus: unit 7 with volts at 10 (float32 CDAB), a counter at 20, 100 registers in all."""

    def __init__(self, port):
        super().__init__(daemon=True)
        registers = [0] * 100
        high, low = struct.unpack(">HH", struct.pack(">f", 230.1))
        registers[10:14] = [low, high, low, high]
        registers[20:22] = [0x0012, 0xD687]
        unit = ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, registers), co=ModbusSequentialDataBlock(0, [0] * 20), zero_mode=True)
        self.context, self.port, self.ready = ModbusServerContext(slaves={7: unit}, single=False), port, threading.Event()
        self.unit = unit

    def run(self):
        async def serve():
            server = ModbusTcpServer(self.context, address=("127.0.0.1", self.port))
            serving = asyncio.ensure_future(server.serve_forever())
            await server.serving
            self.ready.set()
            await serving

        asyncio.run(serve())


class Tool:
    """Runs the program; `sockets`: the folder where services have their sockets."""

    def __init__(self, build, sockets):
        self.program, self.environment = build / "tidegate", dict(os.environ, RUNTIME_DIRECTORY=str(sockets))

    def __call__(self, *words, **more):
        done = subprocess.run([self.program, *map(str, words)], env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)
        return done.returncode, done.stdout, done.stderr

    def start(self, *words):
        return subprocess.Popen([self.program, *map(str, words)], env=self.environment, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def expect(what, result, code, *said):
    got, out, err = result
    check(what, got == code and all(each in out + err for each in said), f"exit code {got}, {said}\n{out}{err}")
    return out


def on_a_foreign_server(tool):
    server = Foreign(plant.free_port())
    server.start()
    server.ready.wait(10)
    bus = f"tcp://127.0.0.1:{server.port}"
    expect("both notations, words, value", tool("read", bus, "--unit", 7, "--holding", 10, "--type", "float32", "--order", "CDAB"), 0,
           "holding 10..11 (40011..40012)", "0x199A 0x4366", "230.1")
    out = expect("as JSON", tool("read", bus, "--unit", 7, "--register", 40021, "--type", "uint32", "--json"), 0)
    check("JSON", json.loads(out) == {"unit": 7, "table": "holding", "address": 20, "place": "holding 20..21 (40021..40022)",
                                      "words": ["0x0012", "0xD687"], "value": 0x12D687}, out)
    out = expect("a table", tool("read", bus, "--unit", 7, "--holding", 19, "--count", 4), 0, "54919  (-10617)")
    check("a table", out.count("\n") == 4, out)
    expect("beyond the end", tool("read", bus, "--unit", 7, "--holding", 100), 1, "illegal data address", "--holding 99", "--input 100")
    # What is refused together is read one by one.
    expect("across the end", tool("read", bus, "--unit", 7, "--holding", 98, "--count", 4), 0, "holding 99", "illegal data address")
    expect("a type that there isn't", tool("read", bus, "--unit", 7, "--holding", 1, "--type", "flot32"), 2, "did you mean 'float32'?")
    expect("no place", tool("read", bus, "--unit", 7), 2, "--holding")
    expect("no scheme", tool("read", f"127.0.0.1:{server.port}", "--unit", 7, "--holding", 1), 2, "did you mean tcp://127.0.0.1")
    expect("nobody there", tool("read", f"tcp://127.0.0.1:{plant.free_port()}", "--unit", 7, "--holding", 1), 1, "refused")

    out = expect("guess", tool("guess", bus, "--unit", 7, "--holding", 10, "--expect", 230, "--json"), 0)
    best = json.loads(out.splitlines()[0])
    check("guess", (best["type"], best["order"]) == ("float32", "CDAB"), out)
    expect("guess: a line to paste", tool("guess", bus, "--unit", 7, "--holding", 10), 0, "{ holding: 10, type: float32, order: CDAB }")
    expect("guess: nothing fits", tool("guess", bus, "--unit", 7, "--holding", 10, "--expect", 5555, "--tolerance", "0.1%"), 1, "Can't tell")
    expect("guess at the end", tool("guess", bus, "--unit", 7, "--holding", 99), 0, "all of it is 0")

    setpoint = ("write", bus, "--unit", 7, "--holding", 30, "--type", "int16", "--scale", "0.1")
    expect("nobody to ask", tool(*setpoint, "21.5"), 1, "function 6, holding 30 = 0x00D7", "nothing was written", "--yes")
    check("nobody to ask", server.unit.getValues(3, 30) == [0], "it was written")
    expect("write", tool(*setpoint, "--yes", "21.5"), 0, "there now:   0", "reads back:  21.5", "reads as it should")
    check("write", server.unit.getValues(3, 30) == [215], server.unit.getValues(3, 30))
    expect("write: out of range", tool(*setpoint, "--yes", "99999"), 2, "out of range")
    expect("write: finer than it can be", tool(*setpoint, "--yes", "21.57"), 2)
    expect("write: nothing there", tool("write", bus, "--unit", 7, "--holding", 100, "--type", "int16", "--yes", "1"), 1, "exception 2")
    expect("write a coil", tool("write", bus, "--unit", 7, "--coil", 3, "--yes", "true"), 0, "function 5, coil 3 = 1")

    endless = tool.start("read", bus, "--unit", 7, "--holding", 10, "--every", "50ms")
    for _ in range(3):
        endless.stdout.readline()
    endless.send_signal(signal.SIGINT)
    out, err = endless.communicate(timeout=10)
    check("Ctrl-C", endless.returncode == 0 and err == "", f"{endless.returncode} {err}")


class Line:
    """A serial line with unit 1, and a service that polls it."""

    def __init__(self, build, folder, sockets, writes):
        lines.append(self)
        folder.mkdir()
        self.port = folder / "line"
        self.config = folder / "plant.yaml"
        self.config.write_text(f"""
gateway: {{ id: works, writes: {writes} }}
mqtt: {{ url: 'mqtt://127.0.0.1:{plant.free_port()}' }}
buffer: {{ path: {folder}/queue.db }}
buses:
  line:
    adapter: modbus
    serial: {{ port: {self.port}, baud: 38400, parity: none, stop_bits: 2 }}
    simulate: {{ turnaround: 20ms }}
    devices:
      meter:
        unit: 1
        every: 100ms
        points:
          held: {{ holding: 20, type: int32, writable: true }}
          other: {{ holding: 30, type: int32, every: 1h }}
          volts: {{ input: 0, type: float32, every: 1h }}
""")
        environment = dict(os.environ, RUNTIME_DIRECTORY=str(sockets))
        self.devices = plant.Process("devices", [build / "tidegate", "simulate", "-c", self.config], folder / "devices.log")
        self.service = plant.Process("service", [build / "tidegate", "run", "-c", self.config], folder / "service.log", environment)
        self.address = f"rtu://{self.port}?baud=38400&parity=none&stop_bits=2"

    def simulate(self):
        self.devices.start()
        plant.wait_for("the simulated line", self.port.exists, 10)

    def serve(self, tool):
        self.service.start()
        plant.wait_for("the service's readings", lambda: len(self.readings(tool)) > 3, 20)

    def readings(self, tool):
        """Of the held point: when, and what."""
        _, out, _ = tool("queue", "export", "-c", self.config)
        found = []
        for line in out.splitlines():
            message = json.loads(line)
            if message["topic"].endswith("/held"):
                payload = json.loads(message["payload"])
                found.append((payload["ts"], payload["value"]))
        return found

    def stop(self):
        self.service.stop()
        self.devices.stop()


def longest_gap(readings):
    at = [time.mktime(time.strptime(ts[:19], "%Y-%m-%dT%H:%M:%S")) + float(ts[19:-1] or 0) for ts, _ in readings]
    return max(b - a for a, b in zip(at, at[1:]))


def on_a_line(build, folder, tool):
    line = Line(build, folder / "free", folder / "none", "off")
    line.simulate()
    expect("directly", tool("write", line.address, "--unit", 1, "--holding", 20, "--type", "int32", "--yes", HELD), 0, "reads as it should")
    expect("directly", tool("read", line.address, "--unit", 1, "--holding", 20, "--type", "int32"), 0, str(HELD))
    expect("identification", tool("read", line.address, "--unit", 1, "--identify"), 0, "Tidegate", "server id")
    expect("nobody of this address", tool("read", line.address, "--unit", 9, "--holding", 20, "--timeout", "100ms"), 1,
           "unit 9", "38400 baud, parity none", "A and B", "--timeout")
    line.stop()


def on_a_held_line(build, folder, sockets, tool):
    line = Line(build, folder / "held", sockets, "off")
    line.simulate()
    tool("write", line.address, "--unit", 1, "--holding", 20, "--type", "int32", "--yes", HELD)
    line.serve(tool)
    before = len(line.readings(tool))
    through = "is held by the service 'works'"
    for _ in range(10):
        expect("through the service", tool("read", line.address, "--unit", 1, "--holding", 30, "--type", "int32"), 0, "0x", through)
        expect("by the bus's name", tool("read", "-c", line.config, "line", "--unit", 1, "--input", 0, "--type", "float32"), 0, through)
        expect("a dead unit", tool("read", line.address, "--unit", 9, "--holding", 1), 1, "unit 9", "no answer")
        # As long as the answers of the service's own points, so that one could be taken for the other.
        expect("a late answer", tool("read", line.address, "--unit", 1, "--holding", 30, "--type", "int32", "--timeout", "1ms"), 1)
    expect("guess through it", tool("guess", line.address, "--unit", 1, "--holding", 20, "--expect", HELD), 0, "holding: 20")
    expect("identification through it", tool("read", line.address, "--unit", 1, "--identify"), 0, "Tidegate")
    expect("no writing", tool("write", line.address, "--unit", 1, "--holding", 20, "--type", "int32", "--yes", 5), 1, "writes: enabled")

    # Two at once, one that stays, one that is killed, one that has no service to ask.
    staying = tool.start("read", line.address, "--unit", 1, "--holding", 30, "--every", "50ms")
    staying.stdout.readline()
    expect("one visitor at a time", tool("read", line.address, "--unit", 1, "--holding", 30), 1, "somebody else")
    staying.kill()
    staying.communicate()
    plant.wait_for("the end of a killed visitor", lambda: line.service.output().count("visit_over") == line.service.output().count(" visit "), 10)
    expect("after a killed visitor", tool("read", line.address, "--unit", 1, "--holding", 30), 0, through)
    there = len(line.readings(tool))
    plant.wait_for("the service to have its port again", lambda: len(line.readings(tool)) > there + 1, 10)
    lost = Tool(build, folder / "none")
    expect("no way to the service", lost("read", line.address, "--unit", 1, "--holding", 30), 1, "in use by", "-c FILE")

    # Sockets speak to whoever may open them, and to nobody else.
    if os.geteuid() == 0:
        socket = sockets / "works.sock"
        check("the socket's mode", socket.stat().st_mode & 0o777 == 0o660, oct(socket.stat().st_mode))
        folder.chmod(0o755)
        code, out, err = tool("read", line.address, "--unit", 1, "--holding", 30, user="nobody", group="nogroup", extra_groups=[])
        check("a stranger", code == 1 and "is not for this user" in err, f"{code} {out}{err}")

    readings = line.readings(tool)
    check("the service goes on", len(readings) - before > 20, f"{len(readings)} readings, {before} of them before the visits")
    check("its values stay right", {value for _, value in readings} == {HELD}, {value for _, value in readings})
    check("nothing twice", len({ts for ts, _ in readings}) == len(readings))
    # A dead unit costs 500 ms, and the opening of the port twice.
    check("no long gap", longest_gap(readings) < 1.5, f"{longest_gap(readings):.2f} s")
    print(f"a poll every 100 ms, beside 43 visits: {len(readings)} readings, the longest gap {longest_gap(readings):.2f} s")

    watching = tool.start("read", line.address, "--unit", 1, "--holding", 30, "--every", "50ms")
    watching.stdout.readline()
    # A service that hangs holds nobody up.
    hung = line.service.process.pid
    line.service.process.send_signal(signal.SIGSTOP)
    try:
        late = f"the service (process {hung}) took the request but doesn't answer in time"
        # These may take long by right, so that they ask first whether it lives.
        patient = [tool.start(*words) for words in (("reload", "-c", line.config), ("trace", "-c", line.config, "line"),
                                                    ("queue", "purge", "--yes", "-c", line.config))]
        expect("a service that hangs", tool("read", "-c", line.config, "line", "--unit", 1, "--holding", 30), 1, "in use by", late)
        expect("a service that hangs: watch", tool("watch", "-c", line.config, "-n", 1, "--plain"), 1, late)
        expect("a service that hangs: status", tool("status", "-c", line.config), 1, late)
        for each in patient:
            out, err = each.communicate(timeout=60)
            check("a service that hangs", each.returncode == 1 and late in err, f"{each.args}: {each.returncode} {out}{err}")
    finally:
        line.service.stop(signal.SIGKILL)

    _, err = watching.communicate(timeout=20)
    check("a service that is killed", watching.returncode == 1 and "went away" in err, f"{watching.returncode} {err}")
    expect("then directly again", tool("read", line.address, "--unit", 1, "--holding", 30, "--timeout", "2s"), 0)
    _, audit, _ = tool("queue", "audit", "-c", line.config)
    check("what was refused is in the audit", "line/unit 1/holding 20" in audit and "writes_off" in audit, audit)
    line.stop()


class Visitor:
    """A client of the service's socket that says what it likes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile()

    def send(self, do, **more):
        self.socket.sendall((json.dumps({"do": do, **more}) + "\n").encode())

    def ask(self, do, **more):
        """The first line of what is said; the last one, if it is an error."""
        self.send(do, **more)
        first = last = self.line()
        while not last.get("end"):
            last = self.line()
        return first if last["ok"] else last

    def line(self):
        return json.loads(self.lines.readline())

    def close(self):
        self.lines.close()
        self.socket.close()


def visits_that_are_wrong(build, folder, sockets, tool):
    """What no tool of ours says on the socket: refused in words, and one who goes away in the middle of a write is in the audit."""
    line = Line(build, folder / "wrong", sockets, "enabled")
    line.simulate()
    line.serve(tool)
    stay, one, other = (Visitor(sockets / "works.sock") for _ in range(3))

    def bus(points):
        text = f"{{ unit: 9, every: 1s, points: {{ {', '.join(points)} }} }}"
        return ("gateway: { id: a }\nmqtt: { url: 'mqtt://localhost' }\nbuffer: { path: /a }\nbuses:\n  line:\n    adapter: modbus\n    timeout: 20s\n"
                f"    serial: {{ port: {line.port}, baud: 38400, parity: none, stop_bits: 2 }}\n"
                f"    devices: {{ one: {text}, two: {text.replace('unit: 9', 'unit: 8')} }}\n")

    def refused(what, found, words):
        check(f"{what}: refused", found.get("ok") is False and words in found["error"], str(found))

    two = ["a: { holding: 1, type: int16, writable: true }", "b: { holding: 2, type: int16 }"]
    refused("raw", one.ask("visit", bus=bus(["a: { raw: '11' }"])), "'raw' could write")
    refused("too many points", one.ask("visit", bus=bus([f"p{n}: {{ holding: {n}, type: int16 }}" for n in range(2049)])), "4096 points")
    stay.send("visit", bus=bus(two))  # has no end until he goes
    visit = stay.line()["visit"]
    for what, points in (("a number that there isn't", "4"), ("a huge one", "99999999999"), ("two devices", "1 2"), ("none", ""), ("no number", "0 a"),
                         ("a negative one", "-1"), ("two blanks", "0  1")):
        refused(what, one.ask("visit_poll", visit=visit, points=points), "numbers of one device's points")
    refused("another visit", one.ask("visit_poll", visit=visit + 1, points="0"), "the visit is over")
    five = base64.b64encode(struct.pack("<QQ", 2, 5)).decode()
    if os.geteuid() == 0:  # a user of the socket's group, but not the one who came
        folder.chmod(0o711)
        os.seteuid(65534)
        try:
            somebody = Visitor(sockets / "works.sock")
        finally:
            os.seteuid(0)
        refused("somebody else's visit", somebody.ask("visit_poll", visit=visit, points="0"), "the visit is over")
        somebody.close()
    for what, more in (("no point", {"value": five}), ("a point that there isn't", {"point": 4, "value": five}), ("no value", {"point": 0}),
                       ("half a value", {"point": 0, "value": five[:8]}), ("an odd value", {"point": 0, "value": "AA"})):
        refused(f"a write, {what}", one.ask("visit_write", visit=visit, **more), "what it shall be")
    # The unit isn't there: its time would be 20 s, and is the service's 500 ms.
    began = time.monotonic()
    one.send("visit_poll", visit=visit, points="0 1")
    refused("asked while asked", other.ask("visit_poll", visit=visit, points="0"), "has asked already")
    polled = [one.line(), one.line()]
    check("a poll of nobody", "result" in polled[0] and polled[1]["ok"], polled)
    check("how long a visitor waits", time.monotonic() - began < 8, f"{time.monotonic() - began:.1f} s")
    # Who goes away while his write is under way may have written: that is kept.
    one.send("visit_write", visit=visit, point=0, value=five)
    refused("asked while it writes", other.ask("visit_poll", visit=visit, points="0"), "has asked already")
    stay.close()
    audit = lambda: tool("queue", "audit", "-c", line.config)[1]
    plant.wait_for("the write that was cut off, in the audit", lambda: "line/unit 9/holding 1" in audit() and "went away meanwhile" in audit(), 10)
    refused("a visit that is over", other.ask("visit_end", visit=visit), "the visit is over")
    one.close()
    other.close()
    line.stop()


def writing_through_the_service(build, folder, sockets, tool):
    line = Line(build, folder / "writing", sockets, "enabled")
    line.simulate()
    line.serve(tool)
    out = expect("writing", tool("write", line.address, "--unit", 1, "--holding", 20, "--type", "int32", "--yes", "--json", 4242), 0)
    check("writing", '"after":4242' in out, out)
    plant.wait_for("the service reads it, too", lambda: line.readings(tool)[-1][1] == 4242, 10)
    found = lambda: tool("queue", "audit", "-c", line.config)[1]
    plant.wait_for("the audit", lambda: "line/unit 1/holding 20" in found(), 10)
    check("who wrote", f"user {os.getuid()} at the board" in found() and "accepted" in found() and "4242" in found(), found())
    line.stop()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", type=pathlib.Path, required=True)
    build = options.parse_args().build.resolve()
    folder = own_folder.make("commission")
    sockets = folder / "run"
    sockets.mkdir()
    tool = Tool(build, sockets)
    try:
        on_a_foreign_server(tool)
        on_a_line(build, folder, tool)
        on_a_held_line(build, folder, sockets, tool)
        writing_through_the_service(build, folder, sockets, tool)
        visits_that_are_wrong(build, folder, sockets, tool)
    except (TimeoutError, subprocess.TimeoutExpired) as late:
        failures.append(str(late))
    finally:
        for line in lines:
            line.stop()
    print(f"{len(failures)} failures, logs {folder}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
