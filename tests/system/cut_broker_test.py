# tests/system/cut_broker_test.py: a small scripted broker drops the connection of a running gateway after every packet of an
# exchange in turn; it keeps the session or loses it, and the gateway lives on or is killed by SIGKILL at that moment. What it was
# given is judged by the counters in the payloads. Not here: every byte, which needs no process (tests/mqtt/cut_test.cpp).
import argparse
import collections
import concurrent.futures
import itertools
import socket
import struct
import threading

import own_folder
import plant

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 5, 6, 7, 8, 9
UNSUBSCRIBE, PINGREQ, PINGRESP, DISCONNECT = 10, 12, 13, 14
# The sizes of CONNECT's properties; 0x26, 0x15 and 0x16 hold strings.
SIZES = {0x11: 4, 0x21: 2, 0x27: 4, 0x22: 2, 0x19: 1, 0x17: 1}


class Dropped(Exception):
    """The connection is over: by the peer, or by our own strike."""


class Reader:
    """Takes fields from the front of a packet's body."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise ValueError("a packet ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self):
        return self.take(self.number(2))

    def variable(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def properties(self):
        return Reader(self.take(self.variable()))

    def rest(self):
        return self.take(len(self.data) - self.at)


def session_expiry(properties):
    while properties.at < len(properties.data):
        kind = properties.number(1)
        if kind == 0x11:
            return properties.number(4)
        if kind == 0x26:
            properties.text()
        properties.take(SIZES[kind]) if kind in SIZES else properties.text()
    return 0


class CuttingBroker:
    """Serves one client at a time, and writes down what it gets and what it minds."""

    def __init__(self, counter_of):
        self.counter_of = counter_of
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.complaints = []
        self.delivered = collections.defaultdict(list)  # stream → numbers in order
        self.doubtful = set()  # may rightly come twice
        self.online = threading.Event()
        # The session.
        self.exists = False
        self.held = {}     # identifier → message, of QoS 2 between PUBLISH and PUBREL
        self.seen = set()  # in this session
        # The strike.
        self.strike_after = None  # so many packets of a connection
        self.before_drop = lambda: None
        self.loses_session = False
        self.struck = threading.Event()
        self.running = True
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def arm(self, packets, loses_session, before_drop):
        with self.lock:
            self.struck.clear()
            self.strike_after, self.loses_session, self.before_drop = packets, loses_session, before_drop

    def arrived(self):
        return sum(len(numbers) for numbers in list(self.delivered.values()))

    def stop(self):
        self.running = False
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join(10)
        self.listener.close()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                if not self.running:
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._talk(connection)
                except (Dropped, OSError):
                    pass
                except ValueError as wrong:
                    self.complaints.append(str(wrong))
                self.online.clear()

    def _talk(self, connection):
        self.connection, self.buffer, self.packets = connection, b"", 0
        self.version = None
        self.ends_with_connection = False
        try:
            while True:
                kind, flags, body = self._receive()
                self._on_packet(kind, flags, body)
        finally:
            if self.ends_with_connection:
                self._lose_session()

    def _lose_session(self):
        self.exists = False
        # Without a PUBREL it isn't known whether the client has noted our PUBREC.
        self.doubtful.update(self.held.values())
        self.held.clear()
        self.seen.clear()

    # -- bytes --

    def _receive(self):
        while True:
            found = self._cut_frame()
            if found:
                kind, flags, body = found
                if kind != PINGREQ:
                    self._boundary(lambda: None if kind == CONNECT else self._on_packet(kind, flags, body, answers=False))
                return found
            data = self.connection.recv(65536)
            if not data:
                raise Dropped
            self.buffer += data

    def _cut_frame(self):
        for length_bytes in range(1, 5):
            if len(self.buffer) < 1 + length_bytes:
                return None
            if self.buffer[length_bytes] < 0x80:
                break
        else:
            raise ValueError("a remaining length of five bytes")
        start = 1 + length_bytes
        end = start + Reader(self.buffer[1:start]).variable()
        if len(self.buffer) < end:
            return None
        first, body = self.buffer[0], self.buffer[start:end]
        self.buffer = self.buffer[end:]
        return first >> 4, first & 15, body

    def _send(self, kind, body=b"", flags=0):
        self.connection.sendall(bytes([kind << 4 | flags, len(body)]) + body)
        if kind != PINGRESP:
            self._boundary(lambda: None)

    def _boundary(self, take_in):
        """After a packet in either direction. `take_in`: it came, and counts, but isn't answered any more."""
        self.packets += 1
        with self.lock:
            strike_after = self.strike_after
        if strike_after is None or self.packets < strike_after:
            return
        take_in()
        if self.packets > strike_after:  # it was here before the strike was asked for: the next one is struck
            raise Dropped
        self.before_drop()
        # A reset: also what is under way to the client may be lost.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        if self.loses_session:
            self._lose_session()
        with self.lock:
            self.strike_after = None
        self.online.clear()  # before anybody is told: whoever then waits for a connection means the next one
        self.struck.set()
        raise Dropped

    # -- packets --

    def _on_packet(self, kind, flags, body, answers=True):
        fields = Reader(body)
        if kind == CONNECT:
            return self._on_connect(fields)
        if kind == PUBLISH:
            return self._on_publish(flags, fields, answers)
        if kind == PUBREL:
            identifier = fields.take(2)
            self.held.pop(identifier, None)
            return self._send(PUBCOMP, identifier) if answers else None
        if kind == PINGREQ:
            return self._send(PINGRESP)
        if kind == DISCONNECT:
            raise Dropped
        if kind in (SUBSCRIBE, UNSUBSCRIBE):
            raise ValueError("a gateway without commands subscribes to nothing")
        raise ValueError(f"an unexpected packet of type {kind}")

    def _on_connect(self, fields):
        if fields.text() != b"MQTT":
            raise ValueError("the protocol name isn't MQTT")
        self.version = fields.number(1)
        clean = bool(fields.number(1) & 2)
        fields.number(2)  # keep alive
        expiry = session_expiry(fields.properties()) if self.version == 5 else int(not clean)
        if clean and self.seen:
            self.complaints.append("the client throws its session away")
        if clean:
            self._lose_session()
        self.ends_with_connection = expiry == 0
        present, self.exists = self.exists, True
        self.present = present
        self._send(CONNACK, bytes([present, 0]) + (b"\0" if self.version == 5 else b""))
        if not self.ends_with_connection:
            self.online.set()

    def _on_publish(self, flags, fields, answers):
        qos, dup = flags >> 1 & 3, bool(flags & 8)
        topic = fields.text().decode()
        identifier = fields.take(2) if qos else b""
        if self.version == 5:
            fields.properties()
        message = self.counter_of(topic, fields.rest().decode())
        if dup and not self.present:
            self.complaints.append(f"{message} with DUP in a new session")
        if message and not dup and message in self.seen:
            self.complaints.append(f"{message} again without DUP")
        if qos == 2:
            known = self.held.get(identifier)
            if known not in (None, message):
                self.complaints.append(f"{message} bears the identifier of {known}")
            if known is None:
                self.held[identifier] = message
                self._deliver(message)
        else:
            self._deliver(message)
        if message:
            self.seen.add(message)
        if qos and answers:
            self._send(PUBACK if qos == 1 else PUBREC, identifier)

    def _deliver(self, message):
        if message:
            self.delivered[message[0]].append(message[1])


def run_case(build, points, version, qos, loses_session, kills):
    """Returns a line for the reader, and what went wrong."""
    name = f"MQTT {version}, QoS {qos}, session {'lost' if loses_session else 'kept'}, {'kill -9' if kills else 'cut'}"
    folder = own_folder.make("cut")
    broker = CuttingBroker(plant.counter_of)
    the_plant = plant.Plant(build, folder, plant.counting_config("cut", broker.port, plant.free_port(), folder, 1, 4, "50ms", qos, version))
    failures = []
    try:
        the_plant.start_devices(buses=1)
        the_plant.gateway.start()
        for packets in range(1, points + 1):
            broker.arm(packets, loses_session, the_plant.gateway.kill if kills else lambda: None)
            if not kills and packets % 2 == 1:
                restart(the_plant)
            plant.wait_for(f"{name}: the strike after {packets} packets", broker.struck.is_set, 60)
            if kills:
                the_plant.gateway.start()
        # By the gateway's word too: what the broker sees may be the end of the process before, and one that has only just
        # begun doesn't know SIGTERM yet.
        plant.wait_for(f"{name}: a connection", lambda: broker.online.is_set() and the_plant.is_connected(), 60)
        # On a quick machine a process that is killed has had time for hardly a reading.
        plant.wait_for(f"{name}: enough readings to judge", lambda: broker.arrived() >= 2 * points, 60)
        plant.wait_for(f"{name}: the queue to drain", lambda: the_plant.ledger()["queued"] < 20, 30)
        code = the_plant.gateway.stop()
        if code != 0:
            failures.append(f"exit code {code} after SIGTERM")
        ledger = the_plant.ledger()
    finally:
        the_plant.stop()
        broker.stop()
    failures += broker.complaints[:3]
    counts = collections.Counter((stream, n) for stream, numbers in broker.delivered.items() for n in numbers)
    repeated = {message for message, times in counts.items() if times > 1}
    if not ledger["balanced"] or ledger["queued"] != 0:
        failures.append(f"the ledger: {ledger}")
    if len(counts) != ledger["accepted"]:
        failures.append(f"{ledger['accepted']} readings were accepted, {len(counts)} came")
    if qos == 2 and not repeated <= broker.doubtful:
        failures.append(f"twice at QoS 2: {sorted(repeated - broker.doubtful)[:5]}")
    for numbers in broker.delivered.values():
        first_arrivals = list(dict.fromkeys(numbers))
        if first_arrivals != sorted(first_arrivals):
            failures.append("first arrivals are out of order")
    return f"{name}: {points} strikes, {len(counts)} readings, {len(repeated)} of them repeated, logs {folder}", failures


def restart(the_plant):
    """By the gateway's own choice, so that its delay before it connects again is the shortest."""
    the_plant.gateway.stop()
    the_plant.gateway.start()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--points", type=int, required=True, help="packets of a connection, after each of which it is dropped once")
    arguments.add_argument("--at-once", type=int, default=8, help="cases that run beside each other")
    options = arguments.parse_args()
    cases = list(itertools.product((5, "3.1.1"), (1, 2), (False, True), (False, True)))
    failed = False
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        for line, failures in pool.map(lambda case: run_case(options.build, options.points, *case), cases):
            print(line)
            for failure in failures:
                print("  FAILED:", failure)
            failed = failed or bool(failures)
    return 1 if failed else 0


if __name__ == "__main__":
    own_folder.run(main)
