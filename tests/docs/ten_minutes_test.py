# tests/docs/ten_minutes_test.py: docs/first-ten-minutes.md, typed as it stands: its commands in their order, on a simulated RS-485 line
# whose meters the reader doesn't know, to readings at a broker.
#
# Only places differ: the port is a pty, /etc/tidegate and the queue are in a folder, the broker has a port of its own, and what systemd
# does is a process (the package's own test has a real systemd). The config is put into the file at the chapter that shows it.
import argparse
import os
import pathlib
import re
import subprocess
import time

import examples
import own_folder
import plant

# The plant: as the page says, a meter of a known make and one that nobody knows. Half a second's polls, a line that is paced.
LINE = """\
gateway: {{ id: twin }}
mqtt: {{ url: "mqtt://127.0.0.1:1" }}
buses:
  line:
    adapter: modbus
    serial: {{ port: {port}, baud: 9600, parity: none }}
    simulate: {{ turnaround: 20ms }}
    devices:
      main: {{ unit: 7, template: eastron-sdm630, every: 1s }}
      tank:
        unit: 12
        every: 1s
        points:
          temperature: {{ holding: 0, type: int16, scale: 0.1 }}
          level: {{ holding: 1, type: uint16 }}
          spare: {{ holding: 2, type: uint16 }}
          state: {{ holding: 3, type: uint16 }}
"""


class Reader:
    """Types what the page says."""

    def __init__(self, build, folder, broker):
        self.build, self.folder, self.broker, self.failures = build, folder, broker, []
        self.port, self.config = folder / "ttyUSB0", folder / "tidegate.yaml"
        self.service = plant.Process("service", [build / "tidegate", "run", "-c", self.config], folder / "service.log")
        self.http = plant.free_port()

    def here(self, text):
        for there, here in (("/dev/ttyUSB0", str(self.port)), ("/etc/tidegate/tidegate.yaml", str(self.config)),
                            ("mqtt://localhost", f"mqtt://127.0.0.1:{self.broker.port}"), ("127.0.0.1:8377", f"127.0.0.1:{self.http}")):
            text = text.replace(there, here)
        return re.sub(r"^tidegate ", f"{self.build}/tidegate ", text)

    def types(self, line):
        began = time.monotonic()
        if line == "systemctl start tidegate":
            self.service.start()
            plant.wait_for("the service to begin", lambda: "started" in self.service.output() or not self.service.running(), 20)
            plant.wait_for("the devices", lambda: self.service.output().count("device_online") == 2, 20)
            return ""
        done = subprocess.run(["/bin/sh", "-c", self.here(line)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=280)
        print(f"$ {line}   # {time.monotonic() - began:.1f} s, exit {done.returncode}")
        if done.returncode != 0:
            self.failures.append(f"{line}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def expects(self, line, said, *wanted):
        for each in wanted:
            if not re.search(each, said):
                self.failures.append(f"{line} doesn't say {each!r}:\n{said}")


EXPECTED = {
    "tidegate scan": (r"unit 7\b", r"eastron-sdm630", r"unit 12\b"),
    "tidegate read": (r"40001", r"0x00D7"),
    "tidegate guess": (r"type: uint16, scale: 0\.1", r"same now: int16"),
    "tidegate check": (r"is valid",),
    "tidegate status": (r"plant7", r"2 of 2 devices online"),
    "tidegate watch": (r"21\.5", r"voltage_l1"),
    "tidegate sub": (r"plant7/",),
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build.resolve()
    folder = own_folder.make("ten-minutes")
    broker = plant.Broker(folder)
    reader = Reader(build, folder, broker)
    (folder / "twin.yaml").write_text(LINE.format(port=reader.port))
    twin, typed = None, 0
    try:
        broker.start()
        twin = subprocess.Popen([build / "tidegate", "simulate", "-c", folder / "twin.yaml"], stdin=subprocess.PIPE, text=True,
                                stdout=open(folder / "twin.log", "w"), stderr=subprocess.STDOUT)
        twin.stdin.write("set tank.temperature 21.5\nset tank.level 1500\nset tank.spare 0\nset tank.state 1\n")
        twin.stdin.flush()
        plant.wait_for("the line", lambda: os.path.exists(reader.port) or twin.poll() is not None, 10)
        for block in examples.blocks(examples.source_folder() / "docs" / "first-ten-minutes.md"):
            if block.kind == "yaml":
                reader.config.write_text(reader.here(block.text) + f"buffer: {{ path: {folder}/queue.db }}\n")
            for line in block.text.splitlines() if block.kind == "sh" else ():
                typed += 1
                said = reader.types(line)
                for command, wanted in EXPECTED.items():
                    if line.startswith(command + " "):
                        reader.expects(line, said, *wanted)
        if typed < 8:
            reader.failures.append(f"only {typed} commands in the page")
    except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as wrong:
        reader.failures.append(f"{wrong}\n{(folder / 'twin.log').read_text()}\n{reader.service.output()}")
    finally:
        for process in (reader.service, broker):
            if process.running():
                process.stop()
        if twin:
            twin.terminate()
            twin.wait(10)
    for failure in reader.failures:
        print("FAILED:", failure)
    return 1 if reader.failures else 0


if __name__ == "__main__":
    own_folder.run(main)
