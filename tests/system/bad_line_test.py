# tests/system/bad_line_test.py: the gateway against devices of another make that answer late, twice, in pieces, damaged, as
# somebody else or not at all, over TCP and over RTU on a pty. No value may be published that wasn't meant for its point.
# Each value is unit, point and the number of the request it was read by; those that must never be believed are remembered.
import argparse
import asyncio
import json
import os
import pty
import random
import struct
import threading
import tty

import own_folder
import plant

UNITS, POINTS = (1, 2, 3), 4
TIMEOUT = 0.2


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Devices:
    """What they hold, and what happens to their answers. `send` takes bytes, `close` ends the connection."""

    def __init__(self, seed, share, mbap):
        self.draw, self.share, self.mbap = random.Random(seed), share, mbap
        self.requests = 0
        self.unbelievable = set()
        self.faults = {}
        self.busy_until = {unit: 0 for unit in UNITS}
        kinds = ["late", "late", "lost", "split", "foreign", "truncated", "exception", "wrong function", "wrong length"]
        kinds += ["transaction", "protocol", "closed", "twice"] if mbap else ["noise", "flipped", "glitch", "echo"]
        self.kinds = kinds

    def frame(self, number, unit, pdu):
        if self.mbap:
            return struct.pack(">HHHB", number, 0, len(pdu) + 1, unit) + pdu
        return bytes([unit]) + pdu + crc(bytes([unit]) + pdu)

    def value(self, unit, address, believable=True):
        number = self.requests
        if not believable:
            self.unbelievable.add((unit, address // 2, number))
        return struct.pack(">I", unit << 28 | (address // 2) << 24 | number)

    def answer(self, frame, send, close):
        number, unit = (struct.unpack(">H", frame[:2])[0], frame[6]) if self.mbap else (0, frame[0])
        function, address, count = struct.unpack(">BHH", frame[7:12] if self.mbap else frame[1:6])
        loop = asyncio.get_running_loop()
        if unit not in UNITS or loop.time() < self.busy_until[unit]:
            return
        self.requests += 1
        fault = self.draw.choice(self.kinds) if self.draw.random() < self.share else None
        self.faults[fault] = self.faults.get(fault, 0) + 1
        if function != 3 or count != 2 or address % 2 or address // 2 >= POINTS:
            return send(self.frame(number, unit, bytes([function | 0x80, 2])))
        whole = fault in (None, "split", "twice", "echo", "glitch", "foreign", "noise")
        pdu = bytes([3, 4]) + self.value(unit, address, whole)
        good = self.frame(number, unit, pdu)
        after = lambda seconds, what: loop.call_later(seconds, send, what)
        if fault == "late":
            seconds = TIMEOUT * self.draw.choice([1.2, 1.5, 3, 8])
            self.busy_until[unit] = loop.time() + seconds
            after(seconds, good)
        elif fault == "lost":
            pass
        elif fault == "split":
            cut = self.draw.randrange(1, len(good))
            send(good[:cut])
            after(0.01, good[cut:])
        elif fault == "foreign":
            other = unit % 3 + 1
            send(self.frame(number if not self.mbap else number + 1 & 0xFFFF, other, bytes([3, 4]) + struct.pack(">I", 0xEEEEEEEE)))
            after(0.01, good)
        elif fault == "truncated":
            send(good[:self.draw.randrange(len(good))])
        elif fault == "exception":
            send(self.frame(number, unit, bytes([0x83, self.draw.choice([1, 4, 6, 7, 8])])))
        elif fault == "wrong function":
            send(self.frame(number, unit, bytes([4]) + pdu[1:]))
        elif fault == "wrong length":
            send(self.frame(number, unit, bytes([3, 6]) + pdu[2:] + b"\xee\xee"))
        elif fault == "transaction":
            send(self.frame(number - 1 & 0xFFFF, unit, pdu))
        elif fault == "protocol":
            send(good[:2] + b"\x00\x07" + good[4:])
        elif fault == "closed":
            send(good[:self.draw.randrange(len(good))])
            close()
        elif fault == "twice":
            send(good + good)
            after(self.draw.choice([0.005, 0.3]), good)
        elif fault == "noise":
            some = bytes([0xFF] + self.draw.choices(range(256), k=5))
            send(some + good if self.draw.random() < 0.5 else good + some)
        elif fault == "flipped":
            at = self.draw.randrange(len(good))
            send(good[:at] + bytes([good[at] ^ 1 << self.draw.randrange(8)]) + good[at + 1:])
        elif fault == "glitch":
            send(b"\x00" + good)
        elif fault == "echo":
            send(frame + good)
        else:
            send(good)


class TcpLine:
    def __init__(self, devices):
        self.devices, self.port = devices, plant.free_port()
        self.bus = f"tcp: {{ host: 127.0.0.1, port: {self.port} }}"

    async def serve(self):
        server = await asyncio.start_server(self.client, "127.0.0.1", self.port)
        async with server:
            await server.serve_forever()

    async def client(self, reader, writer):
        send = lambda what: None if writer.is_closing() else writer.write(what)
        try:
            while True:
                head = await reader.readexactly(6)
                self.devices.answer(head + await reader.readexactly(struct.unpack(">H", head[4:])[0]), send, writer.close)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class PtyLine:
    def __init__(self, devices):
        self.devices = devices
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.bus = f"serial: {{ port: {os.ttyname(self.slave)}, baud: 19200, parity: none, stop_bits: 2 }}"
        self.begun = b""

    async def serve(self):
        asyncio.get_running_loop().add_reader(self.master, self.read)
        await asyncio.Event().wait()

    def read(self):
        self.begun += os.read(self.master, 256)
        while len(self.begun) >= 8:
            request, self.begun = self.begun[:8], self.begun[8:]
            if crc(request[:6]) == request[6:]:
                # The request is on its way for 5 ms; answers come at the earliest after that.
                send = lambda what: os.write(self.master, what)
                asyncio.get_running_loop().call_later(0.008, self.devices.answer, request, send, None)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--seconds", type=int, default=20)
    arguments.add_argument("--share", type=float, default=0.25, help="of the answers that something happens to")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    folder = own_folder.make("bad-line")
    lines = {"ether": TcpLine(Devices(options.seed, options.share, True)), "wire": PtyLine(Devices(options.seed + 1, options.share, False))}

    async def serve():
        await asyncio.gather(*[line.serve() for line in lines.values()])

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    broker = plant.Broker(folder)
    rows = ["gateway: { id: bad }", f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker.port}' }}", f"buffer: {{ path: {folder}/queue.db }}", "buses:"]
    for name, line in lines.items():
        rows += [f"  {name}:", "    adapter: modbus", f"    {line.bus}", f"    timeout: {int(TIMEOUT * 1000)}ms", "    devices:"]
        for unit in UNITS:
            rows += [f"      {name}{unit}:", f"        unit: {unit}", "        every: 50ms", "        max_read: 2", "        points:"]
            rows += [f"          p{point}: {{ holding: {2 * point}, type: uint32 }}" for point in range(POINTS)]
    the_plant = plant.Plant(options.build, folder, "\n".join(rows) + "\n")
    broker.start()

    def counter_of(topic, payload):
        value = json.loads(payload).get("value")
        return (topic, value) if isinstance(value, int) else None

    judge = plant.Judge(broker.port, ["bad/#"], counter_of)
    failures = []
    try:
        the_plant.gateway.start()
        plant.run_for(options.seconds)
        code = the_plant.gateway.stop()
        if code != 0:
            failures.append(f"exit code {code}")
        plant.run_for(0.5)
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()
    published = {name: 0 for name in lines}
    for topic, values in judge.seen.items():
        _, device, point = topic.split("/")
        name, unit, last = device[:-1], int(device[-1]), -1
        devices = lines[name].devices
        for value in values:
            published[name] += 1
            number = value & 0xFFFFFF
            if value >> 28 != unit or value >> 24 & 15 != int(point[1:]):
                failures.append(f"{topic}: {value:#x} is another's")
            elif (unit, int(point[1:]), number) in devices.unbelievable:
                failures.append(f"{topic}: request {number} had no answer in time and whole, and was believed")
            elif number <= last:
                failures.append(f"{topic}: request {number} after {last}")
            last = number
    for name, line in lines.items():
        faults = {kind: count for kind, count in line.devices.faults.items() if kind}
        print(f"{name}: {line.devices.requests} requests, {sum(faults.values())} faults {faults}, {published[name]} values")
        if published[name] < 5 * options.seconds or sum(faults.values()) < options.seconds:
            failures.append(f"{name}: too little happened")
    print(f"wrong values {len(failures)}, logs {folder}")
    for failure in failures[:20]:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
