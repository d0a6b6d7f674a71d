# tests/system/templates_test.py: every device template, its comments included, against tables of facts in template_facts/ that were
# taken from the templates' sources. A gateway reads registers from a server that isn't ours (pymodbus), and each value must be what
# the table makes of them; the device that `tidegate simulate` makes of a template must show values in the table's places.
import argparse
import asyncio
import csv
import decimal
import json
import pathlib
import random
import re
import struct
import subprocess
import threading

from pymodbus.client import ModbusTcpClient
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer
from pymodbus.transaction import ModbusSocketFramer
import own_folder
import plant

FACTS = pathlib.Path(__file__).parent / "template_facts"
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "templates.md"
# The most registers that a template's device may be asked for at once; with 0 as second number: and none beside its points.
LIMITS = {"carlo-gavazzi-em24": (11, None), "carlo-gavazzi-em340": (50, None), "sungrow-sg": (100, None), "sungrow-sh": (100, None),
          "comap-intelilite4": (125, 0)}
ROUNDS = 4  # devices of each template, with other values
SIMULATED = {"uint16": (2000, 2400), "int16": (-100, 300), "uint32": (123000, 125000), "uint64": (123000, 125000),
             "int32": (-70000, 70000), "int64": (-70000, 70000), "float32": (200, 240)}  # as adapters/modbus/simulate.hpp has it
NO_VALUE = object()


class Fact:
    """One row of a table: where a value lies and how it is to be read."""

    def __init__(self, row):
        self.name, self.table, self.type, self.unit = row["name"], row["table"], row["type"], row["unit"].strip("-")
        self.address, self.count, self.order = int(row["address"]), int(row["count"]), row["order"]
        self.scale = decimal.Decimal(row["scale"])
        self.nulls = [int(text, 16) for text in row["null"].split() if text != "-"]
        self.enum = dict(pair.split("=", 1) for pair in row["enum"].split(";")) if row["enum"] != "-" else {}
        self.is_read = row["read"] == "yes"

    def places(self):
        return {(self.table, self.address + i) for i in range(self.count)}

    def bits_of(self, words):
        """The registers' bytes from the most significant on."""
        data = struct.pack(f">{len(words)}H", *words)
        letters = self.order if len(self.order) == len(data) else "ABCDEFGH"[:len(data)]
        return bytes(data[letters.index(letter)] for letter in "ABCDEFGH"[:len(data)])

    def words_of(self, data):
        letters = self.order if len(self.order) == len(data) else "ABCDEFGH"[:len(data)]
        return list(struct.unpack(f">{len(data) // 2}H", bytes(data["ABCDEFGH".index(letter)] for letter in letters)))

    def raw(self, words):
        if self.table in ("coil", "discrete"):
            return bool(words[0])
        if self.type == "string":
            return struct.pack(f">{len(words)}H", *words).decode().rstrip("\0 ")
        if self.type.startswith("bit"):
            return bool(words[0] >> int(self.type[3:]) & 1)
        data = self.bits_of(words)
        if self.type == "float32":
            return struct.unpack(">f", data)[0]
        return int.from_bytes(data, "big", signed=self.type.startswith("int"))

    def value(self, words):
        raw = self.raw(words)
        if isinstance(raw, (bool, str)):
            return raw
        if self.type != "float32" and int.from_bytes(self.bits_of(words), "big") in self.nulls:
            return None
        if self.enum:
            return self.enum.get(str(raw), raw)
        return raw * float(self.scale) if self.type == "float32" else raw * self.scale

    def made_up(self, chance, round):
        """Registers with a value that is none of the point's nulls."""
        if self.table in ("coil", "discrete"):
            return [bool(self.address >> round & 1)]  # over the rounds no two neighbours are alike
        if self.type == "string":
            text = "".join(chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(2 * self.count))
            return list(struct.unpack(f">{self.count}H", text.encode()))
        if self.type == "float32":
            return self.words_of(struct.pack(">f", chance.uniform(-50000, 50000)))
        if self.enum and round > 0:  # round 0: a number without a name, most likely
            return self.words_of(int(list(self.enum)[(round - 1) % len(self.enum)]).to_bytes(2 * self.count, "big"))
        bits = 46 if self.count == 4 else 16 * self.count  # scaled values are doubles
        while True:
            value = chance.getrandbits(bits)
            if value not in self.nulls:
                return self.words_of(value.to_bytes(2 * self.count, "big"))


def facts_of(name):
    with open(FACTS / f"{name}.tsv", encoding="utf-8") as file:
        return [Fact(row) for row in csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t")]


class Registers:
    """A block of pymodbus's kind with what is put in, and a tell-tale elsewhere; remembers what it was asked for."""

    def __init__(self, table, filler):
        self.table, self.filler, self.words, self.requests = table, filler, {}, []

    def validate(self, address, count=1):
        return address + count <= 65536

    def getValues(self, address, count=1):
        self.requests.append((address, count))
        return [self.words.get(address + i, self.filler) for i in range(count)]


class Device:
    """The registers of one template's device, and the facts about them."""

    def __init__(self, name, unit, round):
        """In round `null` every point that can say "no value" does."""
        self.name, self.unit = name, unit
        self.key = f"{name}-{round}"
        self.facts = facts_of(name)
        self.blocks = {table: Registers(table, False if table in ("coil", "discrete") else 0xDEAD)
                       for table in ("coil", "discrete", "holding", "input")}
        chance = random.Random(self.key)
        for fact in self.facts:
            words = fact.made_up(chance, 0 if round == "null" else round)
            if round == "null" and fact.nulls:
                words = fact.words_of(fact.nulls[0].to_bytes(2 * fact.count, "big"))
            for i, word in enumerate(words):
                self.blocks[fact.table].words[fact.address + i] = word

    def context(self):
        b = self.blocks
        return ModbusSlaveContext(di=b["discrete"], co=b["coil"], hr=b["holding"], ir=b["input"], zero_mode=True)

    def words(self, fact):
        return [self.blocks[fact.table].words[fact.address + i] for i in range(fact.count)]

    def lines(self, build):
        """As the config has it: the template, and as points of the device's own what stands in it as a comment."""
        text = (build / "templates" / f"{self.name}.yaml").read_text(encoding="utf-8")
        comments = re.findall(r"^  #   (\w+: \{.*\})", text, re.MULTILINE)
        yield f"      {self.key}: # template {self.name}"
        yield f"        unit: {self.unit}"
        yield f"        template: {self.name}"
        yield "        every: 2s"
        if comments:
            yield "        points:"
        for comment in comments:
            yield "          " + re.sub(r", every: \w+", "", comment)

    def faults_of_requests(self):
        largest, gap = LIMITS.get(self.name, (125, None))
        known = set().union(*(fact.places() for fact in self.facts))
        for table, block in self.blocks.items():
            for address, count in block.requests:
                if count > (largest if table in ("holding", "input") else 2000):
                    yield f"{self.key}: {count} of {table} from {address} in one request"
                if gap == 0 and not {(table, address + i) for i in range(count)} <= known:
                    yield f"{self.key}: {table} {address}..{address + count - 1} reaches beside the points"


class Server(threading.Thread):
    def __init__(self, devices):
        super().__init__(daemon=True)
        self.port = plant.free_port()
        self.context = ModbusServerContext(slaves={d.unit: d.context() for d in devices}, single=False)

    def run(self):
        async def serve():
            server = ModbusTcpServer(self.context, framer=ModbusSocketFramer, address=("127.0.0.1", self.port), allow_reuse_address=True)
            await server.serve_forever()

        asyncio.run(serve())


def same(got, expected):
    if isinstance(expected, float):
        return isinstance(got, (int, float, decimal.Decimal)) and abs(float(got) - expected) <= 1e-6 * abs(expected) + 1e-9
    if isinstance(expected, (bool, str)) or expected is None:
        return type(got) is type(expected) and got == expected
    return not isinstance(got, bool) and isinstance(got, (int, decimal.Decimal)) and decimal.Decimal(got) == expected


def config_text(devices, port, broker_port, folder, build, name):
    lines = ["gateway: { id: templates }", f"mqtt: {{ url: 'mqtt://127.0.0.1:{broker_port}' }}",
             f"buffer: {{ path: {folder}/{name}.db }}", "buses:", "  all:", "    adapter: modbus",
             f"    tcp: {{ host: 127.0.0.1, port: {port} }}", "    devices:"]
    for device in devices:
        lines += device.lines(build)
    return "\n".join(lines) + "\n"


def listed_faults(build, names):
    """The listing against the tables: the same templates, the same points, the same units."""
    tidegate = build / "tidegate"
    output = subprocess.run([tidegate, "templates", "--json"], capture_output=True, text=True, check=True, timeout=60).stdout
    listed = {entry["name"]: entry for entry in map(json.loads, output.splitlines())}
    for name in sorted(set(listed) ^ set(names)):
        if not name.startswith(("serial-", "sunspec-")):  # of another adapter, or without addresses: they have tests of their own
            yield f"{name}: either there is no template or no table of facts"
    for name in names:
        output = subprocess.run([tidegate, "templates", name, "--json"], capture_output=True, text=True, timeout=60).stdout
        template = json.loads(output)
        if not template["valid"]:
            yield f"{name}: has errors"
            continue
        for key in ("description", "manufacturer", "model", "sources", "notes"):
            if not template[key]:
                yield f"{name}: says nothing about '{key}'"
        units = {point["name"]: point["unit"] for point in template["points"]}
        expected = {fact.name: fact.unit for fact in facts_of(name) if fact.is_read}
        for point in sorted(set(units) ^ set(expected)):
            yield f"{name}: point {point} is either not in the template or not in the table"
        for point in set(units) & set(expected):
            if units[point] != expected[point]:
                yield f"{name}: {point} has unit '{units[point]}', the table has '{expected[point]}'"
        enums = {fact.name: fact.enum for fact in facts_of(name) if fact.is_read}
        for point in template["points"]:
            names_of = dict(s["value"].split("=", 1) for s in point["settings"] if s["key"] == "enum")
            if names_of != enums.get(point["name"], {}):
                yield f"{name}: {point['name']} has other names of numbers than the table"


def document_faults(names):
    """The page that lists them: each with its number of points, which add up."""
    rows = [line.strip("| ").split(" | ") for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    told = {row[0]: [int(number) for number in row[2:6]] for row in rows if len(row) == 7 and row[2].isdigit()}
    for name in names:
        points = sum(fact.is_read for fact in facts_of(name))
        if told.get(name, [0])[0] != points or sum(told[name][1:]) != points:
            yield f"{name}: docs/templates.md has {told.get(name)}, there are {points} points"


def check_faults(build, config):
    done = subprocess.run([build / "tidegate", "check", "-c", config], capture_output=True, text=True, timeout=60)
    if done.returncode != 0 or done.stderr:
        yield "tidegate check: " + done.stdout[-300:] + done.stderr[-1500:]


def gateway_faults(build, folder, devices):
    """A gateway reads all devices from pymodbus."""
    server = Server(devices)
    server.start()
    expected = {f"templates/{d.key}/{fact.name}": fact.value(d.words(fact)) for d in devices for fact in d.facts}
    texts, faults = heard(build, folder, "gateway", devices, server.port)
    yield from faults
    for topic, value in expected.items():
        text = texts.get(topic)
        got = json.loads(text, parse_float=decimal.Decimal)["value"] if text else NO_VALUE
        if got is NO_VALUE or not same(got, value):
            yield f"{topic}: expected {value}, got {'nothing' if got is NO_VALUE else text}"
    for topic in sorted(set(texts) - set(expected)):
        yield f"unexpected topic {topic}"
    for device in devices:
        yield from list(device.faults_of_requests())[:3]
    print(f"{len(expected)} values of {len(devices)} devices, {sum(v is None for v in expected.values())} of them none")


def simulated_faults(build, folder, devices):
    """A master that isn't ours reads what `tidegate simulate` makes of the templates, in the table's places."""
    port = plant.free_port()
    config = folder / "simulate.yaml"
    config.write_text(config_text(devices, port, 1, folder, build, "simulate"), encoding="utf-8")
    simulation = plant.Process("simulation", [build / "tidegate", "simulate", "-c", config], folder / "simulate.log")
    simulation.start()
    try:
        plant.wait_for("the simulation", lambda: "serving at" in simulation.output(), 20)
        client = ModbusTcpClient("127.0.0.1", port=port, timeout=5)
        client.connect()
        functions = {"coil": client.read_coils, "discrete": client.read_discrete_inputs,
                     "holding": client.read_holding_registers, "input": client.read_input_registers}
        count = 0
        for device in devices:
            taken = set()  # the first of two points in one place decides
            for fact in device.facts:
                if taken & fact.places():
                    continue
                taken |= fact.places()
                answer = functions[fact.table](fact.address, fact.count, slave=device.unit)
                if answer.isError():
                    yield f"{device.key}/{fact.name}: {answer}"
                    continue
                raw = fact.raw(answer.bits if fact.table in ("coil", "discrete") else answer.registers)
                count += 1
                if not is_simulated(device, fact, raw):
                    yield f"{device.key}/{fact.name}: the simulated device shows {raw}"
        client.close()
        print(f"{count} values of {len(devices)} simulated devices")
        yield from twin_faults(build, folder, devices, port)
        if simulation.stop() != 0:
            yield f"the simulation ended badly, see {simulation.log_path}"
    finally:
        simulation.kill()


def heard(build, folder, name, devices, port):
    """What a gateway publishes of these devices, as texts by topic, once each has come."""
    broker = plant.Broker(folder)
    config = folder / f"{name}.yaml"
    config.write_text(config_text(devices, port, broker.port, folder, build, name), encoding="utf-8")
    broker.start()
    judge = plant.Judge(broker.port, ["templates/#"], lambda *_: None)
    gateway = plant.Process(name, [build / "tidegate", "run", "-c", config], folder / f"{name}.log")
    wanted = sum(len(device.facts) for device in devices)
    faults = list(check_faults(build, config))
    try:
        gateway.start()
        try:
            plant.wait_for("a message on every topic", lambda: len(judge.last_text) >= wanted, 40)
        except TimeoutError as late:
            faults.append(f"{late}: {len(judge.last_text)} of {wanted}")
        if gateway.stop() != 0:
            faults.append(f"the gateway ended badly, see {gateway.log_path}")
    finally:
        gateway.kill()
        judge.stop()
        broker.stop()
    return judge.last_text, faults


def twin_faults(build, folder, devices, port):
    """A gateway reads the simulated devices: what it publishes is what they show, with the table's scale."""
    texts, faults = heard(build, folder, "twin", devices, port)
    yield from faults
    for device in devices:
        taken = set()
        for fact in device.facts:
            text = texts.get(f"templates/{device.key}/{fact.name}")
            if text is None or taken & fact.places():
                continue
            taken |= fact.places()
            value = json.loads(text)["value"]
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                value = value / float(fact.scale)
            if fact.enum:
                value = next((number for number, name in fact.enum.items() if name == value), value)
            if value is None or not is_simulated(device, fact, value if fact.enum else rounded(value)):
                yield f"twin of {device.key}/{fact.name}: {text}"


def rounded(value):
    """Without what a double loses by a division."""
    return round(value, 3) if isinstance(value, float) else value


def is_simulated(device, fact, raw):
    if isinstance(raw, bool):
        return True
    if isinstance(raw, str):
        return raw != "" and (device.key.startswith(raw[:raw.rfind(" ")]) if " " in raw else device.key.startswith(raw.rstrip("0123456789")))
    if fact.enum:
        return str(raw) in fact.enum
    if "counter" in fact.name:
        return 0 < raw < 1000
    least, most = SIMULATED[fact.type]
    return least <= raw <= most


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("templates")
    names = sorted(path.stem for path in FACTS.glob("*.tsv"))
    rounds = [(name, round) for round in range(ROUNDS) for name in names]
    rounds += [(name, "null") for name in names if any(fact.nulls for fact in facts_of(name))]
    devices = [Device(name, unit, round) for unit, (name, round) in enumerate(rounds, 1)]
    failures = list(listed_faults(build, names)) + list(document_faults(names))
    failures += gateway_faults(build, folder, devices)
    failures += simulated_faults(build, folder, devices[:len(names)])
    print(f"{len(names)} templates, {len(failures)} failures, logs {folder}")
    for failure in failures[:40]:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
