# tests/fuzz/seeds.py: writes the seed corpora of the MQTT targets: a packet of each kind, in both versions, and streams of them.
# Not here: inputs that a fuzzer found; they are added beside the seeds, named by what they showed.
# usage: python3 tests/fuzz/seeds.py
import pathlib
import re
import sqlite3
import tempfile
import zlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"

CLIENT, SERVER = 0, 2  # the second bit of decode's first byte; the first bit is the version
PACKETS_3 = {
    "connect": (CLIENT, "10 1f 0004 'MQTT' 04 f6 003c 0002 'gw' 0003 'a/b' 0002 00ff 0002 'me' 0002 'pw'"),
    "connack": (SERVER, "20 02 01 00"),
    "publish0": (SERVER, "30 09 0003 'a/b' '21.4'"),
    "publish2": (SERVER, "3d 0b 0003 'a/b' 1234 '21.4'"),
    "puback": (SERVER, "40 02 0001"),
    "pubrec": (SERVER, "50 02 0001"),
    "pubrel": (SERVER, "62 02 0001"),
    "pubcomp": (SERVER, "70 02 0001"),
    "subscribe": (CLIENT, "82 0c 000a 0003 'a/+' 01 0001 '#' 02"),
    "suback": (SERVER, "90 04 000a 01 80"),
    "unsubscribe": (CLIENT, "a2 08 000b 0001 'a' 0001 'b'"),
    "unsuback": (SERVER, "b0 02 000b"),
    "pingreq": (CLIENT, "c0 00"),
    "pingresp": (SERVER, "d0 00"),
    "disconnect": (CLIENT, "e0 00"),
}
PACKETS_5 = {
    "connect": (CLIENT, "10 2e 0004 'MQTT' 05 ce 003c 08 11 00000001 21 0002 0002 'gw' 05 18 00000005 0003 'a/b' 0002 00ff 0002 'me' "
                        "0002 'pw'"),
    "connack": (SERVER, "20 19 01 00 16 12 0001 'x' 13 001e 1f 0002 'hi' 21 0014 22 000a 24 01 25 00"),
    "publish": (SERVER, "3a 13 0003 'a/b' 0001 0a 01 01 23 0007 0b ff7f 0b 01 '1'"),
    "alias": (SERVER, "30 0a 0000 03 23 0007 '21.4'"),
    "message": (SERVER, "30 1c 0001 'a' 18 02 00000005 03 0001 't' 08 0001 'r' 09 0002 00ff 26 0001 'k' 0000"),
    "puback": (SERVER, "40 03 0001 10"),
    "pubrec": (SERVER, "50 0b 0001 97 07 1f 0004 'full'"),
    "pubrel": (CLIENT, "62 03 0001 92"),
    "pubcomp": (SERVER, "70 04 0001 00 00"),
    "subscribe": (CLIENT, "82 10 000a 03 0b 8001 0003 'a/+' 2d 0001 '#' 02"),
    "share": (CLIENT, "82 10 0001 00 000a '$share/g/b' 01"),
    "suback": (SERVER, "90 0c 000a 07 1f 0004 'some' 01 80"),
    "unsubscribe": (CLIENT, "a2 10 000b 07 26 0001 'k' 0001 'v' 0001 'a' 0001 'b'"),
    "unsuback": (SERVER, "b0 0c 000b 07 1f 0004 'some' 00 11"),
    "disconnect": (SERVER, "e0 09 8b 07 1f 0004 'over'"),
    "auth": (SERVER, "f0 0a 18 08 15 0001 'm' 16 0001 00"),
}


def bytes_of(text):
    """"10 0c 'MQTT' ff": hex, and what is between apostrophes stands for itself."""
    return b"".join(part.encode()[1:-1] if part[0] == "'" else bytes.fromhex(part) for part in re.findall(r"'[^']*'|[0-9a-f ]+", text))


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def main():
    for version, packets in ((0, PACKETS_3), (1, PACKETS_5)):
        name = ("v3", "v5")[version]
        for packet, (sender, text) in packets.items():
            write("decode", f"{name}_{packet}", bytes([version | sender]) + bytes_of(text))
        stream = b"".join(bytes_of(text) for _, text in packets.values())
        for piece in (0, 2, 6):
            write("framer", f"{name}_pieces_of_{piece + 1}", bytes([16, piece]) + stream)
    write("framer", "too_large", bytes([1, 0]) + bytes_of("d0 00 30 09 0003 'a/b' '21.4'"))
    write("framer", "length_of_five_bytes", bytes([0, 0]) + bytes_of("d0 00 30 8080808000"))
    write("framer", "two_byte_length", bytes([255, 99]) + bytes_of("30 cd01 0003 'a/b'") + bytes(200) + bytes_of("d0 00"))
    websocket()
    salvage()
    serial()


def salvage():
    """The log of a queue: a small row, one with overflow pages; as a file, and in the WAL that a kill leaves."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "queue.db"
        writer = sqlite3.connect(path, isolation_level=None)
        writer.executescript("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; BEGIN;"
                             "CREATE TABLE log(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL);")
        for first, size in ((1, 30), (2, 9000)):
            message = bytes_of("01 00 01 'b' 00 03 'a/b' 01 02 04") + bytes([size & 127 | 128, size >> 7]) + bytes(size)
            crc = zlib.crc32(message, zlib.crc32(bytes([2 * first, 2])))
            writer.execute("INSERT INTO log VALUES(?, 1, ?, ?)", (first, crc, message))
        writer.execute("COMMIT")
        write("salvage", "wal", b"\0" + path.with_name("queue.db-wal").read_bytes())
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = path.read_bytes()
        write("salvage", "file", bytes([len(content) // 4096]) + content)
        writer.close()


def serial():
    """The first byte: which framing, an expression (7), or a line (8); the second: the size of the pieces."""
    telegram = b"/ISk5\\2MT382-1000\r\n\r\n1-0:1.8.0(000004.426*kWh)\r\n0-1:24.2.1(170102161005W)(00000.107*m3)\r\n!"
    crc = 0
    for byte in telegram:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    block = b"1.8.0(000123.4*kWh)\r\n!\r\n\x03"
    frames = {
        "nmea": (0, b"noise$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n$WIMWV,214.8,R,0.1,K,A*28\r\n"),
        "p1": (1, telegram + b"%04X\r\n" % crc),
        "meter": (2, b"\x02" + block + b"\x7e\x02" + block),
        "dust": (3, bytes_of("42 4d 001c 0005 0008 0009 0005 0008 0009 0384 0104 0028 0004 0001 0000 9700 0227")),
        "gas": (4, bytes_of("ff 86 0260 47 000000 d1 ff 86 ff 0260 47")),
        "scale": (5, b"S S     100.00 g\r\n"),
        "fixed": (6, b"12AB34CD"),
        "expression": (7, b"^T: (a|b*)+?[^c-e]{2,3}$\nT: aabff"),
        "message": (8, b'gga prefix "$??GGA," byte 1 = 47 field 2 = "A" send hex "0A {check}" sample "x{00.0..10.0}\\r\\n"'),
        "step": (8, b"baud from ident 5 0=300 1=600"),
        "time": (8, b"YYMMDDhhmmssfX"),
    }
    for name, (which, content) in frames.items():
        write("serial", name, bytes([which, 4]) + content)


def websocket():
    """The first byte: opened already (1), and twice the size of the pieces it comes in."""
    answer = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
    frames = {
        "whole": "82 04 20020000",
        "fragments": "02 02 2002 89 01 'p' 80 02 0000",
        "medium": "82 7e 0080",
        "ping_and_close": "89 02 'hi' 88 02 03e8",
        "text": "81 02 'no'",
        "masked": "82 82 01020304 0000",
    }
    for name, text in frames.items():
        write("websocket", name, bytes([1 + 2 * 3]) + bytes_of(text))
    write("websocket", "answer_and_frame", bytes([2 * 7]) + answer + bytes_of("82 04 20020000"))
    write("websocket", "not_found", bytes([0]) + b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    write("websocket", "proxy_login", bytes([0]) + b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
    write("websocket", "proxy_open", bytes([0]) + b"HTTP/1.0 200 Connection established\r\n\r\nrest")


if __name__ == "__main__":
    main()
