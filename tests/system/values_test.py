# tests/system/values_test.py: a Modbus server that isn't ours (pymodbus) holds hand-made registers of every type and order; each
# value must arrive right and on the right topic. Over TCP, and over RTU on a pty where socat is installed.
import argparse
import asyncio
import json
import math
import pathlib
import struct
import sys
import tempfile
import threading

import plant
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer
from pymodbus.transaction import ModbusSocketFramer

MISSING = object()  # no message may come


def words(data):
    return list(struct.unpack(f">{len(data) // 2}H", data))


def reordered(data, order):
    """The bytes as a device with this order sends them; letters name the bytes from the most significant."""
    return bytes(data["ABCDEFGH".index(letter)] for letter in order)


def cases():
    """(name, registers, keys of the point, expected value)"""
    orders = {2: ["AB", "BA"], 4: ["ABCD", "CDAB", "BADC", "DCBA"], 6: ["ABCDEF", "EFCDAB", "BADCFE", "FEDCBA"],
              8: ["ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"]}
    numbers = [("int16", 2, -12345), ("uint16", 2, 54321), ("int32", 4, -123456789), ("uint32", 4, 4123456789),
               ("int48", 6, -123456789012345), ("uint48", 6, 281474976710654), ("int64", 8, -1234567890123456789),
               ("uint64", 8, 18446744073709551614)]
    for kind, size, value in numbers:
        for order in orders[size]:
            data = value.to_bytes(size, "big", signed=kind.startswith("i"))
            yield f"{kind}_{order}", words(reordered(data, order)), f"type: {kind}, order: {order}", value
    for kind, size, form, value in [("float32", 4, ">f", 230.1), ("float64", 8, ">d", -1234.56789)]:
        for order in orders[size]:
            yield f"{kind}_{order}", words(reordered(struct.pack(form, value), order)), f"type: {kind}, order: {order}", value
    yield "default_order", words(struct.pack(">i", 70000)), "type: int32", 70000
    yield "scaled", [2304], "type: uint16, scale: 0.1", 230.4
    yield "scaled_small", [3], "type: int16, scale: 0.1", 0.3
    yield "scaled_offset", [65486], "type: int16, scale: 0.1, offset: 100", 95
    yield "bcd16", [0x1234], "type: bcd16", 1234
    yield "bcd32", [0x1234, 0x5678], "type: bcd32", 12345678
    yield "string", words(b"Tidegate\0\0"), "type: string, length: 5", "Tidegate"
    yield "bit3", [0b1000], "bit: 3", True
    yield "bit2", [0b1000], "bit: 2", False
    yield "absent", [0x8000], "type: int16, 'null': [0x8000]", None
    yield "not_a_number", words(struct.pack(">f", math.nan)), "type: float32", None
    yield "state", [1], "type: uint16, enum: { 0: stopped, 1: running }", "running"


class Server(threading.Thread):
    """pymodbus with the same registers in both register tables, and bits 0 1 1 0 in both bit tables, for unit 7."""

    def __init__(self, registers):
        super().__init__(daemon=True)
        self.port = plant.free_port()
        block = ModbusSequentialDataBlock(0, registers + [0] * 200)
        bits = ModbusSequentialDataBlock(0, [False, True, True, False] + [False] * 20)
        unit = ModbusSlaveContext(di=bits, co=bits, hr=block, ir=block, zero_mode=True)
        self.context = ModbusServerContext(slaves={7: unit}, single=False)

    def run(self):
        async def serve():
            server = ModbusTcpServer(self.context, framer=ModbusSocketFramer, address=("127.0.0.1", self.port), allow_reuse_address=True)
            await server.serve_forever()

        asyncio.run(serve())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-values-"))

    registers, expected = [], {}
    rows = []
    for name, data, keys, value in cases():
        address = len(registers)
        registers += data + [0xDEAD]  # a gap that nothing reads
        for table, notation in (("holding", f"register: {40001 + address}"), ("input", f"input: {address}")):
            rows.append(f"          {table}_{name}: {{ {notation}, {keys} }}")
            expected[f"values/server/{table}_{name}"] = value
    for bit, value in enumerate([False, True, True, False]):
        rows.append(f"          coil_{bit}: {{ coil: {bit} }}")
        rows.append(f"          discrete_{bit}: {{ register: {10001 + bit} }}")
        expected[f"values/server/coil_{bit}"] = expected[f"values/server/discrete_{bit}"] = value

    broker = plant.Broker(folder)
    server = Server(registers)
    text = "\n".join([
        "gateway: { id: values }",
        f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker.port}' }}",
        f"buffer: {{ path: {folder}/queue.db }}",
        "buses:",
        "  independent:",
        "    adapter: modbus",
        f"    tcp: {{ host: 127.0.0.1, port: {server.port} }}",
        "    devices:",
        "      server:",
        "        unit: 7",
        "        every: 1s",
        "        points:"] + rows) + "\n"
    the_plant = plant.Plant(options.build, folder, text)
    server.start()
    broker.start()
    judge = plant.Judge(broker.port, ["values/#"], lambda *_: None)
    failures = []
    try:
        the_plant.gateway.start()
        try:
            plant.wait_for("a message on every topic", lambda: len(judge.last_text) >= len(expected), 15)
        except TimeoutError as late:
            failures.append(str(late))
        code = the_plant.gateway.stop()
        if code != 0:
            failures.append(f"exit code {code}")
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()
    for topic, value in expected.items():
        text = judge.last_text.get(topic)
        got = json.loads(text)["value"] if text else MISSING
        if got is MISSING or type(got) is bool != type(value) is bool or got != value:
            failures.append(f"{topic}: expected {value}, got {'nothing' if got is MISSING else text}")
    for topic in set(judge.last_text) - set(expected):
        failures.append(f"unexpected topic {topic}")
    print(f"{len(expected)} values, {len(failures)} failures, logs {folder}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
