# tests/system/simulated_values_test.py: the simulated devices hold every type in every order; a client of its own reads the
# registers over TCP, decodes them by the formats' definitions (struct, datetime) and compares with what simulate.hpp promises.
import argparse
import datetime
import socket
import struct

import own_folder
import plant

ORDERS = {1: ["AB", "BA"], 2: ["ABCD", "CDAB", "BADC", "DCBA"], 3: ["ABCDEF", "EFCDAB", "BADCFE", "FEDCBA"],
          4: ["ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"]}
DAY_ONE = datetime.datetime(2026, 1, 1)
MONTH = datetime.timedelta(days=28)


class Refused(Exception):
    pass


class Client:
    """Function codes 3 and 4 over TCP."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.transaction = 0

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def read(self, address, count, function=3, unit=1):
        self.transaction += 1
        self.socket.sendall(struct.pack(">HHHBBHH", self.transaction, 0, 6, unit, function, address, count))
        transaction, _, length, _ = struct.unpack(">HHHB", self.exactly(7))
        body = self.exactly(length - 1)
        if transaction != self.transaction:
            raise ConnectionError("another transaction")
        if body[0] & 0x80:
            raise Refused(body[1])
        return body[2:]


def in_order(data, order):
    """The bytes from the most significant one; letters name them in the order in which they came."""
    result = bytearray(len(data))
    for at, letter in enumerate(order):
        result["ABCDEFGH".index(letter)] = data[at]
    return bytes(result)


def whole(signed):
    return lambda data: int.from_bytes(data, "big", signed=signed)


def digits(data):
    return int(data.hex())


def ten_thousands(form):
    def decode(data):
        groups = struct.unpack(f">{len(data) // 2}{form}", data)
        if any(abs(group) > 9999 for group in groups) or (any(g < 0 for g in groups) and any(g > 0 for g in groups)):
            raise ValueError(groups)
        return sum(group * 10000 ** at for at, group in enumerate(reversed(groups)))

    return decode


def magnitude(data):
    number = int.from_bytes(data, "big")
    top = 1 << (8 * len(data) - 1)
    return top - number if number & top else number


def binary_time(data):
    if data[0] != 0 or data[4] & 0x80 or data[5] & 0x80:
        raise ValueError(data.hex())
    milliseconds = struct.unpack(">H", data[6:])[0]
    return datetime.datetime(2000 + data[1], data[2], data[3] & 0x1F, data[4], data[5], milliseconds // 1000, milliseconds % 1000 * 1000)


def types():
    """(type, registers, decoding, least, greatest)"""
    for bits, signed_range, unsigned_range in [(16, (-100, 300), (2000, 2400)), (24, (-100, 300), (2000, 2400)),
                                               (32, (-70000, 70000), (123000, 125000)), (48, (-70000, 70000), (123000, 125000)),
                                               (64, (-70000, 70000), (123000, 125000))]:
        registers = (bits + 15) // 16
        yield f"int{bits}", registers, whole(True), *signed_range
        yield f"uint{bits}", registers, whole(False), *unsigned_range
    yield "float16", 1, lambda data: struct.unpack(">e", data)[0], 199.5, 240.5
    yield "float32", 2, lambda data: struct.unpack(">f", data)[0], 199.99, 240.01
    yield "float64", 4, lambda data: struct.unpack(">d", data)[0], 200, 240
    for bits in (16, 32, 64):
        yield f"bcd{bits}", bits // 16, digits, 2000, 2400
    for bits in (32, 48, 64):
        yield f"m10k{bits}", bits // 16, ten_thousands("H"), 123000, 125000
        yield f"m10k{bits}_signed", bits // 16, ten_thousands("h"), -70000, 70000
    yield "sm16", 1, magnitude, -100, 300
    yield "sm32", 2, magnitude, -70000, 70000
    since_1970 = datetime.datetime(1970, 1, 1)
    yield "unix32", 2, lambda data: since_1970 + datetime.timedelta(seconds=whole(False)(data)), DAY_ONE, DAY_ONE + MONTH
    yield "unix64", 4, lambda data: since_1970 + datetime.timedelta(seconds=whole(False)(data)), DAY_ONE, DAY_ONE + MONTH
    yield "unix64_ms", 4, lambda data: since_1970 + datetime.timedelta(milliseconds=whole(False)(data)), DAY_ONE, DAY_ONE + MONTH
    yield "datetime3", 3, lambda data: datetime.datetime(*struct.unpack(">3H", data)), DAY_ONE, DAY_ONE + MONTH
    yield "datetime4", 4, binary_time, DAY_ONE, DAY_ONE + MONTH
    yield "cp56time2a", 4, lambda data: binary_time(data[::-1]), DAY_ONE, DAY_ONE + MONTH
    yield "bcd_date", 2, lambda data: datetime.datetime.strptime(data.hex(), "%Y%m%d"), DAY_ONE, DAY_ONE + MONTH
    yield "bcd_datetime", 3, lambda data: datetime.datetime.strptime(data.hex(), "%y%m%d%H%M%S"), DAY_ONE, DAY_ONE + MONTH


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    options = arguments.parse_args()
    folder = own_folder.make("simulated-values")
    port = plant.free_port()

    rows, checks, address = [], [], 0
    for name, registers, decode, least, most in types():
        for order in ORDERS[registers]:
            rows.append(f"          {name}_{order}: {{ holding: {address}, type: {name}, order: {order} }}")
            checks.append((f"{name}_{order}", address, registers, order, decode, least, most))
            address += registers
    rows.append(f"          six: {{ holding: {address}, type: datetime6 }}")
    rows.append(f"          bytes: {{ holding: {address + 6}, type: bytes, length: 2 }}")
    rows.append(f"          field: {{ holding: {address + 8}, bits: 4-7 }}")
    rows.append(f"          flags: {{ holding: {address + 9}, flags: {{ 3: pump, 12: alarm }} }}")
    rows.append(f"          split: {{ holding: {address + 14}, continued_at: {address + 11}, type: uint32 }}")
    rows.append(f"          scaled: {{ holding: {address + 16}, type: int16, scale_register: {{ holding: {address + 18} }} }}")
    rows.append(f"          times: {{ holding: {address + 20}, type: int16, ratio_register: {{ holding: {address + 21}, type: float32 }} }}")
    text = "\n".join([
        "gateway: { id: values }", "mqtt: { url: 'mqtt://127.0.0.1:1' }", f"buffer: {{ path: {folder}/queue.db }}", "buses:", "  line:",
        "    adapter: modbus", f"    tcp: {{ host: 127.0.0.1, port: {port} }}", "    devices:", "      all:", "        unit: 1",
        "        every: 1s", "        points:"] + rows) + "\n"
    the_plant = plant.Plant(options.build, folder, text)
    failures = []

    def check(name, holds, found):
        if not holds:
            failures.append(f"{name}: found {found}")

    the_plant.start_devices(1)
    try:
        client = Client(port)
        for name, at, registers, order, decode, least, most in checks:
            data = client.read(at, registers)
            try:
                value = decode(in_order(data, order))
            except (ValueError, struct.error) as error:
                value = error
            check(name, not isinstance(value, Exception) and least <= value <= most, f"{data.hex()}, {value}")
        found = datetime.datetime(*struct.unpack(">6H", client.read(address, 6)))
        check("datetime6", DAY_ONE <= found <= DAY_ONE + MONTH, found)
        data = client.read(address + 6, 2)
        check("bytes", data[:2] == b"\0\0", data.hex())
        data = client.read(address + 8, 1)
        check("field", struct.unpack(">H", data)[0] & ~0xF0 == 0, data.hex())
        data = client.read(address + 9, 1)
        check("flags", struct.unpack(">H", data)[0] in (1 << 3, 1 << 12), data.hex())
        low, _, _, high = struct.unpack(">4H", client.read(address + 11, 4))
        check("split", 123000 <= (high << 16 | low) <= 125000, (high, low))
        check("scale register", client.read(address + 18, 1) == b"\xff\xff", "")
        check("ratio register", struct.unpack(">f", client.read(address + 21, 2))[0] == 40, "")
    finally:
        the_plant.stop()
    print(f"{len(checks) + 7} values, {len(failures)} failures, logs {folder}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
