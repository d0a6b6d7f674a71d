# tests/system/sunspec_test.py: an inverter of four config lines, from a SunSpec device that isn't ours (a plain server of registers,
# with other models in between, replaced while it runs by one whose models lie elsewhere), and from its simulated twin.
import argparse
import json
import pathlib
import socket
import struct
import sys
import tempfile
import threading

import plant


def model_103(power_raw, power_factor, state):
    words = [0xFFFF] * 50
    words[0:5] = [123, 41, 41, 41, 0x10000 - 1]                  # A … in tenths
    words[8:12] = [2301, 2302, 2303, 0x10000 - 1]                # PhVphA … V_SF
    words[12:14] = [power_raw & 0xFFFF, power_factor & 0xFFFF]   # W, W_SF
    words[14:16] = [5001, 0x10000 - 2]                           # Hz
    words[22:25] = [0x0001, 0xE240, 0]                           # WH = 123456, WH_SF
    words[29:31] = [0x8000, 0x8000]                              # DCW and its factor: not implemented
    words[36] = state
    return words


def text(words, value):
    return list(struct.unpack(f">{words}H", value.encode().ljust(2 * words, b"\0")))


def registers_of(models, base=40000):
    found, at = {}, base
    for word in (0x5375, 0x6E53):
        found[at], at = word, at + 1
    for number, words in models:
        for word in (number, len(words), *words):
            found[at], at = word, at + 1
    found[at], found[at + 1] = 0xFFFF, 0
    return found


class Server:
    """Modbus TCP, functions 3 only, one register map; what isn't there is exception 2."""

    def __init__(self, registers):
        self.registers = registers
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.clients = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.clients.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            while head := client.recv(7, socket.MSG_WAITALL):
                tid, _, length, unit = struct.unpack(">HHHB", head)
                function, address, count = struct.unpack(">BHH", client.recv(length - 1, socket.MSG_WAITALL)[:5])
                words = [self.registers.get(address + i) for i in range(count)]
                pdu = struct.pack(">BB", 0x83, 2) if function != 3 or None in words else struct.pack(f">BB{count}H", 3, 2 * count, *words)
                client.sendall(struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu)
        except OSError:
            pass

    def silent(self):
        """Drops all connections, so that the device counts as away for a moment."""
        for client in self.clients:
            client.shutdown(socket.SHUT_RDWR)


CONFIG = """
gateway: {{ id: g }}
mqtt: {{ url: "mqtt://127.0.0.1:{broker}" }}
buffer: {{ path: {folder}/queue.db }}
publish: {{ topic: "{{gateway}}/{{device}}" }}
buses:
  pv:
    adapter: modbus
    tcp: {{ host: 127.0.0.1, port: {port} }}
    devices:
      inverter:
        unit: 1
        every: 200ms
        template: sunspec-inverter
"""


def readings(seen):
    return [json.loads(m) for t, m in seen if t == "g/inverter"]


def run(build, folder, broker, port, judge):
    config = folder / f"config-{port}.yaml"
    config.write_text(CONFIG.format(broker=broker.port, folder=folder, port=port))
    seen = []
    watcher = plant.paho.Client(client_id="", clean_session=True)
    watcher.on_message = lambda _c, _u, message: seen.append((message.topic, message.payload.decode()))
    watcher.connect("127.0.0.1", broker.port)
    watcher.subscribe("#", 1)
    watcher.loop_start()
    gateway = plant.Process("gateway", [build / "tidegate", "run", "-c", config], folder / f"log-{port}").start()
    try:
        judge(seen)
    finally:
        code = gateway.stop(seconds=15)
        watcher.loop_stop()
        watcher.disconnect()
    assert code == 0, gateway.output()


def from_a_stranger(build, folder, broker):
    common = text(16, "Tideworks") + text(16, "Sol 10") + text(8, "") + text(8, "1.2") + text(16, "SN1") + [1, 0x8000]
    before = registers_of([(1, common), (64110, [7] * 9), (103, model_103(5250, 0, 4))])
    after = registers_of([(1, common), (103, model_103(-12, 1, 8))])
    server = Server(before)

    def judge(seen):
        plant.wait_for("the inverter's power", lambda: any("power" in r for r in readings(seen)), 20)
        first = next(r for r in readings(seen) if "power" in r)
        for name, value in {"power": 5250, "current": 12.3, "voltage_l1": 230.1, "frequency": 50.01, "energy_export": 123.456, "state": "running",
                            "manufacturer": "Tideworks", "model": "Sol 10", "serial_number": "SN1", "dc_power": None}.items():
            assert first[name] == value, f"{name} is {first[name]!r} instead of {value!r}"
        server.registers = after
        server.silent()
        plant.wait_for("the power of the device that took its place", lambda: readings(seen)[-1].get("power") == -120, 20)
        assert {r["power"] for r in readings(seen) if "power" in r} == {5250, -120}, "a value of neither device was published"
        assert readings(seen)[-1]["state"] == "standby"

    run(build, folder, broker, server.port, judge)


def from_its_twin(build, folder, broker):
    port = plant.free_port()
    config = folder / "twin.yaml"
    config.write_text(CONFIG.format(broker=broker.port, folder=folder, port=port))
    twin = plant.Process("simulate", [build / "tidegate", "simulate", "-c", config], folder / "simulate.log").start()
    try:
        plant.wait_for("the simulated device", lambda: "serving" in twin.output(), 10)

        def judge(seen):
            plant.wait_for("its readings", lambda: any("power" in r for r in readings(seen)), 20)
            first = next(r for r in readings(seen) if "power" in r)
            assert -10 <= first["power"] <= 30 and 200 <= first["voltage_l1"] <= 240, first
            assert first["manufacturer"].startswith("inverter"), first["manufacturer"]

        run(build, folder, broker, port, judge)
    finally:
        twin.stop()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    build = arguments.parse_args().build
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        broker = plant.Broker(folder).start()
        try:
            from_a_stranger(build, folder, broker)
            from_its_twin(build, folder, broker)
        finally:
            broker.stop()
    print("an inverter of four lines: read from a stranger, replaced while it ran, and from its twin")


if __name__ == "__main__":
    sys.exit(main())
