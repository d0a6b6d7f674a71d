# tests/system/values_test.py: a Modbus server that isn't ours (pymodbus) holds hand-made registers of every type and order; each
# value must arrive right and on the right topic. Over TCP, and over RTU on a pty.
import argparse
import asyncio
import datetime
import json
import math
import os
import pty
import re
import select
import struct
import threading
import time
import tty

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.factory import ServerDecoder
from pymodbus.server.async_io import ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer
import own_folder
import plant

MISSING = object()  # no message may come


def words(data):
    return list(struct.unpack(f">{len(data) // 2}H", data))


def reordered(data, order):
    """The bytes as a device with this order sends them; letters name the bytes from the most significant."""
    return bytes(data["ABCDEFGH".index(letter)] for letter in order)


def cases():
    """(name, registers, keys of the point, expected value). In the keys <2> stands for the register two behind the first, in the
    notation of the point, and <<2>> for the same one as a holding register."""
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

    for digits, value in [(2, 12345678), (3, 999912340001), (4, 1000200030004)]:
        groups = [value // 10000 ** at % 10000 for at in reversed(range(digits))]
        for order in orders[2 * digits]:
            data = reordered(struct.pack(f">{digits}H", *groups), order)
            yield f"m10k{16 * digits}_{order}", words(data), f"type: m10k{16 * digits}, order: {order}", value
            data = reordered(struct.pack(f">{digits}h", *(-group for group in groups)), order)
            yield f"m10k{16 * digits}s_{order}", words(data), f"type: m10k{16 * digits}_signed, order: {order}", -value
    for order in orders[2]:
        yield f"sm16_{order}", words(reordered(struct.pack(">H", 0x8000 | 1234), order)), f"type: sm16, order: {order}", -1234
    for order in orders[4]:
        yield f"sm32_{order}", words(reordered(struct.pack(">I", 1 << 31 | 123456), order)), f"type: sm32, order: {order}", -123456
    yield "bytes", [0x001A, 0xFF0B], "type: bytes, length: 2", "001AFF0B"
    yield "bytes_swapped", [0x001A, 0xFF0B], "type: bytes, length: 2, order: BA", "1A000BFF"
    yield "field", [0x1234], "bits: 4-11, scale: 0.5", 0x23 / 2
    yield "field_signed", [0x0FFE], "type: int16, bits: 0-11", -2
    yield "flags", [0b1001], "flags: { 3: pump, 0: alarm, 1: door }", "pump,alarm"
    yield "no_flags", [0b0100], "flags: { 3: pump, 0: alarm, 1: door }", ""

    moment = datetime.datetime(2026, 11, 22, 20, 15, 10, 123000, datetime.timezone.utc)
    text, seconds = "2026-11-22T20:15:10", int(moment.timestamp())
    binary = bytes([0, 26, 11, 7 << 5 | 22, 20, 15]) + struct.pack(">H", 10123)
    for order in orders[4]:
        yield f"unix32_{order}", words(reordered(struct.pack(">I", seconds), order)), f"type: unix32, order: {order}", text + "Z"
        date = reordered(bytes.fromhex("20261122"), order)
        yield f"bcd_date_{order}", words(date), f"type: bcd_date, order: {order}", "2026-11-22"
    for order in orders[6]:
        yield f"datetime3_{order}", words(reordered(struct.pack(">3H", 2026, 11, 22), order)), f"type: datetime3, order: {order}", "2026-11-22"
        yield f"bcd_datetime_{order}", words(reordered(bytes.fromhex("261122201510"), order)), f"type: bcd_datetime, order: {order}", text
    for order in orders[8]:
        yield f"unix64_{order}", words(reordered(struct.pack(">Q", seconds), order)), f"type: unix64, utc: false, order: {order}", text
        milliseconds = reordered(struct.pack(">Q", seconds * 1000 + 123), order)
        yield f"unix64_ms_{order}", words(milliseconds), f"type: unix64_ms, order: {order}", text + ".123Z"
        yield f"datetime4_{order}", words(reordered(binary, order)), f"type: datetime4, order: {order}", text + ".123"
        yield f"cp56time2a_{order}", words(reordered(binary[::-1], order)), f"type: cp56time2a, utc: true, order: {order}", text + ".123Z"
    yield "datetime6", [2026, 11, 22, 20, 15, 10], "type: datetime6", text
    yield "datetime6_reversed", [10, 15, 20, 22, 11, 26], "type: datetime6, order: CDAB", text
    yield "no_date", [2026, 2, 29], "type: datetime3", MISSING

    yield "split", [1, 7, 7, 2], "type: uint32, continued_at: <3>", 65538
    yield "split_backwards", [1, 7, 7, 2], "type: uint32, order: CDAB, continued_at: <3>", 131073
    yield "scale_register", [2304, 7, 0xFFFF], "type: uint16, scale_register: { register: <<2>> }", 230.4
    yield "ratio_register", [1234, 600], "type: uint16, scale: 0.001, ratio_register: { register: <<1>>, scale: 0.1 }", 74.04
    yield "both_registers", [5, 3, 2], "type: uint16, scale_register: { register: <<2>> }, ratio_register: { register: <<1>> }", 1500
    yield "no_exponent", [5, 99], "type: uint16, scale_register: { register: <<1>> }", MISSING
    yield "wraps", [65535], "type: uint16, wrap: 65536", 65535

    yield "plausible", [85], "type: uint16, valid: { min: 0, max: 85 }", 85
    yield "implausible", [86], "type: uint16, valid: { min: 0, max: 85 }", MISSING
    yield "rounded", words(struct.pack(">f", 230.1268)), "type: float32, round: 2", 230.13


def store(registers):
    """The same registers in both register tables, and bits 0 1 1 0 in both bit tables, for unit 7."""
    block = ModbusSequentialDataBlock(0, registers + [0] * 200)
    bits = ModbusSequentialDataBlock(0, [False, True, True, False] + [False] * 20)
    unit = ModbusSlaveContext(di=bits, co=bits, hr=block, ir=block, zero_mode=True)
    return ModbusServerContext(slaves={7: unit}, single=False)


class TcpServer(threading.Thread):
    """pymodbus over TCP."""

    def __init__(self, registers):
        super().__init__(daemon=True)
        self.port, self.context = plant.free_port(), store(registers)
        self.bus = f"tcp: {{ host: 127.0.0.1, port: {self.port} }}"

    def run(self):
        async def serve():
            server = ModbusTcpServer(self.context, framer=ModbusSocketFramer, address=("127.0.0.1", self.port), allow_reuse_address=True)
            await server.serve_forever()

        asyncio.run(serve())


class RtuServer(threading.Thread):
    """pymodbus's RTU framing and data store behind a pty that passes bytes at the pace of the line, both ways."""

    def __init__(self, registers, baud):
        super().__init__(daemon=True)
        self.context, self.character = store(registers), 11 / baud
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.slave = slave  # kept open, so that the line stays when the gateway closes it
        self.bus = f"serial: {{ port: {os.ttyname(slave)}, baud: {baud}, parity: none, stop_bits: 2 }}"

    def run(self):
        framer = ModbusRtuFramer(ServerDecoder(), client=None)
        while True:
            request = os.read(self.master, 256)
            time.sleep(self.character * len(request))  # the request takes its time on the wire
            while select.select([self.master], [], [], 0.002)[0]:
                request += os.read(self.master, 256)
            framer.processIncomingPacket(request, lambda message: self.answer(framer, message), unit=[7], single=False)

    def answer(self, framer, message):
        if message.unit_id not in self.context.slaves():
            return
        response = message.execute(self.context[message.unit_id])
        response.unit_id, response.transaction_id = message.unit_id, message.transaction_id
        next_byte = time.monotonic() + 0.005
        for byte in framer.buildPacket(response):
            time.sleep(max(0, next_byte - time.monotonic()))
            os.write(self.master, bytes([byte]))
            next_byte += self.character


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--baud", type=int, help="RTU on a pty at this pace; else TCP")
    options = arguments.parse_args()
    folder = own_folder.make("values")

    registers, expected = [], {}
    rows = []
    for name, data, keys, value in cases():
        address = len(registers)
        registers += data + [0xDEAD]  # a gap that nothing reads
        for table, notation, first in (("holding", "register", 40001 + address), ("input", "input", address)):
            here = re.sub("<<(\\d)>>", lambda further: str(40001 + address + int(further[1])), keys)
            here = re.sub("<(\\d)>", lambda further: str(first + int(further[1])), here)
            rows.append(f"          {table}_{name}: {{ {notation}: {first}, {here} }}")
            if value is not MISSING:
                expected[f"values/server/{table}_{name}"] = value
    rows.append('          computed: { compute: "holding_scaled * input_uint16_AB / 10 + (coil_1 ? 0.5 : 7)" }')
    expected["values/server/computed"] = 230.4 * 54321 / 10 + 0.5
    rows.append('          further: { compute: "computed > 1000000 && holding_bit3", round: 0 }')
    expected["values/server/further"] = 1
    rows.append('          of_nothing: { compute: "holding_scaled / (coil_1 - 1)" }')
    expected["values/server/of_nothing"] = None
    rows.append('          of_null: { compute: "holding_scaled + holding_absent" }')
    expected["values/server/of_null"] = None
    rows.append('          of_missing: { compute: "holding_scaled + holding_implausible" }')
    for bit, value in enumerate([False, True, True, False]):
        rows.append(f"          coil_{bit}: {{ coil: {bit} }}")
        rows.append(f"          discrete_{bit}: {{ register: {10001 + bit} }}")
        expected[f"values/server/coil_{bit}"] = expected[f"values/server/discrete_{bit}"] = value

    broker = plant.Broker(folder)
    server = RtuServer(registers, options.baud) if options.baud else TcpServer(registers)
    text = "\n".join([
        "gateway: { id: values }",
        f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker.port}' }}",
        f"buffer: {{ path: {folder}/queue.db }}",
        "buses:",
        "  independent:",
        "    adapter: modbus",
        "    " + server.bus,
        "    devices:",
        "      server:",
        "        unit: 7",
        "        every: 2s",
        "        points:"] + rows) + "\n"
    the_plant = plant.Plant(options.build, folder, text)
    server.start()
    broker.start()
    judge = plant.Judge(broker.port, ["values/#"], lambda *_: None)
    failures = []
    try:
        the_plant.gateway.start()
        try:
            plant.wait_for("a message on every topic", lambda: len(judge.last_text) >= len(expected), 20)
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
    own_folder.run(main)
