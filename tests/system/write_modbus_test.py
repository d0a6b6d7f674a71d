# tests/system/write_modbus_test.py: commands to a Modbus server that isn't ours (pymodbus), which notes each write that reaches it:
# what is written must arrive as registers, once, in as few requests as are promised; and be read back.
# Not here: what else may become of commands (write_test.py).
import argparse
import asyncio
import pathlib
import struct
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer
import own_folder
import plant
import write_test

DEAF, LOCKED = 50, 60  # addresses: accepts and forgets; refuses

POINTS = """
          setpoint: { holding: 10, type: int16, scale: 0.1, writable: true, write: { min: 5, max: 90 } }
          swapped: { holding: 20, type: float32, order: CDAB, writable: true }
          mode: { holding: 30, type: uint16, enum: { 0: off, 1: auto }, writable: true }
          first: { holding: 40, type: uint16, writable: true }
          second: { holding: 41, type: uint16, writable: true }
          deaf: { holding: 50, type: uint16, writable: true, write: { verify_timeout: 1s } }
          locked: { holding: 60, type: uint16, writable: true }
          pump: { coil: 3, writable: true }
"""


class Registers(ModbusSequentialDataBlock):
    """Notes what is written, and is as difficult as some devices."""

    def __init__(self, noted, name):
        super().__init__(0, [0] * 100)
        self.noted, self.name = noted, name

    def setValues(self, address, values):
        address -= 1  # the context counts from 1
        values = list(values) if isinstance(values, (list, tuple)) else [values]
        self.noted.append((self.name, address, [int(v) for v in values]))
        super().setValues(address + 1, values)

    def getValues(self, address, count=1):
        found = super().getValues(address, count)
        if address - 1 == DEAF and count == 1:  # the answer repeats it, and that is all that becomes of it
            super().setValues(address, [0])
        return found


class Server:
    def __init__(self, port):
        self.noted = []
        holding, coils = Registers(self.noted, "holding"), Registers(self.noted, "coil")
        self.store = ModbusSlaveContext(hr=holding, co=coils, ir=ModbusSequentialDataBlock(0, [7] * 100), di=ModbusSequentialDataBlock(0, [0] * 100))
        validate = self.store.validate
        # 6 and 16 write: this address they may not.
        self.store.validate = lambda code, address, count=1: validate(code, address, count) and not (code in (6, 16) and address == LOCKED)
        started = threading.Event()

        def serve():
            async def run():
                server = ModbusTcpServer(ModbusServerContext(slaves=self.store, single=True), address=("127.0.0.1", port))
                started.set()
                await server.serve_forever()
            asyncio.run(run())

        threading.Thread(target=serve, daemon=True).start()
        started.wait(10)


def run(build, folder):
    folder.mkdir()
    broker, port = plant.Broker(folder).start(), plant.free_port()
    server = Server(port)
    config = folder / "site.yaml"
    config.write_text(f"gateway: {{ id: w, writes: enabled }}\nmqtt: {{ url: 'mqtt://127.0.0.1:{broker.port}' }}\n"
                      f"buffer: {{ path: {folder}/queue.db }}\nbuses:\n  field:\n    adapter: modbus\n"
                      f"    tcp: {{ host: 127.0.0.1, port: {port} }}\n    devices:\n      boiler:\n        unit: 1\n        every: 300ms\n"
                      f"        points:{POINTS}")
    gateway = plant.Process("gateway", [build / "tidegate", "run", "-c", config], folder / "log")
    operator = write_test.Operator(broker.port, 5)
    failures = []

    def expect(what, point, payload, stages, noted, **fields):
        before = len(server.noted)
        answers = operator.command(f"boiler/{point}" if point else "boiler", payload)
        last = answers[-1]
        wrong = {name: last.get(name) for name, value in fields.items() if last.get(name) != value}
        if [a["stage"] for a in answers] != stages or wrong:
            failures.append(f"{what}: {answers}")
        if server.noted[before:] != noted:
            failures.append(f"{what}: the server was written {server.noted[before:]}")

    try:
        gateway.start()
        plant.wait_for("the gateway to take commands", lambda: gateway.output().count("commands_subscribed") == 2, 20)
        plant.wait_for("readings", lambda: len(operator.readings) > 20, 20)
        good = ["accepted", "verified"]
        low, high = struct.unpack(">2H", struct.pack(">f", 3.25))[::-1]
        expect("a scaled one", "setpoint", "21.5", good, [("holding", 10, [215])], value=21.5, raw="function 6, holding 10 = 0x00D7")
        expect("a finer one than there is", "setpoint", {"value": 33.33, "force": True}, ["rejected"], [], reason="too_soon")
        plant.run_for(1.0)
        expect("a finer one than there is", "setpoint", "33.33", ["rejected"], [], reason="does_not_fit")
        expect("a swapped float", "swapped", "3.25", good, [("holding", 20, [low, high])])
        expect("a name", "mode", "auto", good, [("holding", 30, [1])])
        expect("a coil", "pump", "true", good, [("coil", 3, [1])])
        expect("two in one request", "", {"first": 7, "second": 9}, good, [("holding", 40, [7, 9])])
        plant.run_for(1.0)
        expect("no name", "mode", "manual", ["rejected"], [], reason="does_not_fit")
        expect("two that lie apart", "", {"setpoint": 30, "second": 10}, ["rejected"], [], reason="does_not_fit")
        expect("one that is forgotten", "deaf", "5", ["accepted", "timeout"], [("holding", DEAF, [5])], reason="not_verified")
        expect("one that is refused", "locked", "5", ["rejected"], [], reason="device_refused", exception=2)
        expect("beyond the range", "setpoint", "91", ["rejected"], [], reason="above_max")
        plant.wait_for("the state", lambda: ("w/boiler/setpoint", 21.5) in operator.readings, 5)
    except TimeoutError as wrong:
        failures.append(str(wrong))
    finally:
        operator.stop()
        for process in (gateway, broker):
            if process.running():
                process.stop()
    print(f"{len(server.noted)} writes reached the server, {len(failures)} failures")
    return failures


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    folder = own_folder.make("write-modbus")
    failures = run(options.build, folder / "site")
    for failure in failures:
        print("FAILED:", failure)
    if failures:
        print("all in", folder)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
