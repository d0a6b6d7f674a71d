# tests/system/trace_test.py: every frame of a bus, live through the running service and without one: as text, JSON and pcap; what was
# discarded and why; a reader that is too slow loses frames and hears of it, and the service goes on polling meanwhile.
# Not here: the words by themselves (tests/gateway/diagnosis/frame_words_test.cpp), and what a link tells (tests/adapters/link_trace_test.cpp).
import argparse
import json
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import plant


def config_of(folder, broker, device_port):
    return f"""gateway: {{ id: traced, clock: trusted, writes: enabled }}
mqtt: {{ url: "mqtt://127.0.0.1:{broker}" }}
buffer: {{ path: {folder}/queue.db }}
buses:
  tcp:
    adapter: modbus
    tcp: {{ host: 127.0.0.1, port: {device_port} }}
    devices:
      pump:
        unit: 1
        every: 100ms
        points:
          speed: {{ holding: 10, type: uint16, writable: true }}
  line:
    adapter: modbus
    serial: {{ port: {folder}/line, baud: 19200, parity: none, stop_bits: 2 }}
    timeout: 100ms
    devices:
      boiler: {{ unit: 3, every: 200ms, points: {{ supply: {{ holding: 20, type: uint16 }} }} }}
      ruined: {{ unit: 7, every: 200ms, points: {{ supply: {{ holding: 20, type: uint16 }} }} }}
  made_up:
    adapter: simulated
    devices: {{ d: {{ every: 1s, points: {{ p: {{}} }} }} }}
"""


class Traces:
    def __init__(self, build, folder):
        self.binary, self.failures = pathlib.Path(build) / "tidegate", []
        self.broker = plant.Broker(folder).start()
        self.plant = plant.Plant(build, folder / "plant", config_of(folder / "plant", self.broker.port, plant.free_port()))
        self.plant.devices.command += ["--fault", "line/ruined garble 50%"]
        self.config = self.plant.config

    def expect(self, what, condition, detail=""):
        if not condition:
            self.failures.append(f"{what}: {detail}")

    def trace(self, *arguments, text=True):
        return subprocess.run([self.binary, "trace", *arguments, "-c", self.config], capture_output=True, text=text, timeout=40)


def frames_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def packets_of(data):
    """The link type, and (seconds, bytes) of each packet."""
    magic, major, minor, _, _, _, link = struct.unpack("=IHHIIII", data[:24])
    assert (magic, major, minor) == (0xA1B2C3D4, 2, 4), data[:24]
    packets, at = [], 24
    while at < len(data):
        seconds, microseconds, size, whole = struct.unpack("=IIII", data[at:at + 16])
        assert size == whole and at + 16 + size <= len(data)
        packets.append((seconds + microseconds / 1e6, data[at + 16:at + 16 + size]))
        at += 16 + size
    return link, packets


def judge_tcp(run, how):
    r = run.trace("tcp", "--json", "-n", "6")
    frames = frames_of(r)
    run.expect(f"{how}: six frames", r.returncode == 0 and len(frames) == 6, r.stdout + r.stderr)
    sent = [f for f in frames if f["dir"] == "sent"]
    received = [f for f in frames if f["dir"] == "received"]
    run.expect(f"{how}: question and answer by turns", len(sent) == len(received) == 3, frames)
    run.expect(f"{how}: what was asked", all(f["hex"][4:] == "000000060103000A0001" and "unit 1: read holding registers 10" in f["words"] for f in sent), sent)
    run.expect(f"{how}: what was answered", all(f["hex"][4:18] == "00000005010302" and "1 register:" in f["words"] for f in received), received)
    run.expect(f"{how}: in the order of time", [f["at_us"] for f in frames] == sorted(f["at_us"] for f in frames), frames)


def judge_line(run, how):
    r = run.trace("line", "--for", "4s")
    run.expect(f"{how}: ended by time", r.returncode == 0, r.stderr)
    run.expect(f"{how}: a request in words and hex", "> unit 3: read holding registers 20" in r.stdout and "[03 03 00 14 00 01 C5 EC]" in r.stdout, r.stdout)
    run.expect(f"{how}: an answer, with its time", "< unit 3: 1 register:" in r.stdout and " ms\n" in r.stdout, r.stdout)
    run.expect(f"{how}: a damaged answer", "! " in r.stdout and ("CRC wrong" in r.stdout or "noise, or a damaged frame" in r.stdout), r.stdout)


def judge_pcap(run, folder):
    path = folder / "line.pcap"
    r = run.trace("line", "--pcap", path, "-n", "8")
    link, packets = packets_of(path.read_bytes())
    run.expect("pcap of a line", r.returncode == 0 and link == 250 and len(packets) == 8, r.stderr)
    run.expect("pcap: direction", {p[1][8] for p in packets} == {3, 4}, packets)
    run.expect("pcap: the bytes behind the header", any(p[1][12:].hex() == "030300140001c5ec" for p in packets), packets)
    r = run.trace("tcp", "--pcap", "-", "-n", "4", text=False)
    link, packets = packets_of(r.stdout)
    run.expect("pcap of TCP, to stdout", r.returncode == 0 and link == 228 and len(packets) == 4 and packets[0][1][0] == 0x45, r.stderr)
    if shutil.which("tshark"):
        shown = subprocess.run(["tshark", "-r", path, "-d", "rtacser.data,mbrtu"], capture_output=True, text=True, timeout=60).stdout
        run.expect("tshark reads the line", "Modbus RTU" in shown and "Query: Unit:   3, Func:   3: Read Holding Registers" in shown, shown)
        (folder / "tcp.pcap").write_bytes(r.stdout)
        shown = subprocess.run(["tshark", "-r", folder / "tcp.pcap"], capture_output=True, text=True, timeout=60).stdout
        run.expect("tshark reads TCP", "Modbus/TCP" in shown and "Response" in shown, shown)


def judge_slow_reader(run, folder):
    """A client that asks and doesn't read: bounded, told how much it lost, and nobody else notices."""
    before = run.plant.gateway.resident_kib()
    path = folder / "plant" / "queue.db.sock"
    with socket.socket(socket.AF_UNIX) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        slow.connect(str(path))
        slow.sendall(b'{"do":"trace","bus":"tcp"}\n')
        accepted = run.plant.ledger()["accepted"]
        plant.wait_for("polling beside it", lambda: run.plant.ledger()["accepted"] > accepted + 50, 30)
        run.expect("what waits is bounded", run.plant.gateway.resident_kib() < before + 8 * 1024, run.plant.gateway.resident_kib())
    judge_tcp(run, "after a client that went away without reading")


def judge_write(run):
    watching = subprocess.Popen([run.binary, "trace", "tcp", "--json", "-c", run.config], stdout=subprocess.PIPE, text=True)
    try:
        watching.stdout.readline()  # it is there now, and misses no more
        subprocess.run([run.binary, "pub", f"mqtt://127.0.0.1:{run.broker.port}", "tidegate/traced/set/pump/speed", "77"], check=True, timeout=20)
        for line in watching.stdout:
            frame = json.loads(line)
            if "write" in frame["words"] and frame["dir"] == "sent":
                run.expect("a command is seen on the bus", frame["hex"].endswith("0106000A004D"), frame)
                break
        watching.send_signal(signal.SIGINT)
        run.expect("Ctrl-C ends it", watching.wait(10) == 0)
    finally:
        watching.kill()
        watching.wait()


def refusals(run):
    r = run.trace("nowhere")
    run.expect("an unknown bus", r.returncode == 1 and "there is no bus 'nowhere'; there is: tcp, line, made_up" in r.stderr, r.stderr)
    r = run.trace("tcp", "--for", "soon")
    run.expect("a time that is none", r.returncode == 2 and "--for" in r.stderr, r.stderr)
    r = run.trace("tcp", "--pcap", "/nowhere/x.pcap")
    run.expect("a file that can't be", r.returncode == 1 and "No such file" in r.stderr, r.stderr)
    r = run.trace("made_up", "--for", "1s")
    run.expect("a bus without a wire", r.returncode == 0 and "no frame was seen" in r.stderr, r.stderr)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", required=True)
    with tempfile.TemporaryDirectory(prefix="tidegate-trace-") as folder:
        folder = pathlib.Path(folder)
        run = Traces(options.parse_args().build, folder)
        try:
            run.plant.start_devices(2)
            judge_tcp(run, "without a service")
            run.plant.gateway.start()
            plant.wait_for("the gateway", lambda: run.plant.is_connected() and run.plant.ledger()["acknowledged"] > 5, 20)
            judge_tcp(run, "through the service")
            judge_line(run, "through the service")
            judge_pcap(run, folder)
            judge_slow_reader(run, folder)
            judge_write(run)
            refusals(run)
            run.expect("the service went on", run.plant.gateway.running(), run.plant.gateway.output()[-2000:])
        finally:
            run.plant.stop()
            run.broker.stop()
    for failure in run.failures:
        print("FAILED", failure)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
