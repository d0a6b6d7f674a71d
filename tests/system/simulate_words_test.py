# tests/system/simulate_words_test.py: what is typed to `tidegate simulate` is answered by the bus whose device it names, also where
# another bus has devices that take no commands.
import argparse
import pathlib
import subprocess
import tempfile

CONFIG = """
gateway: { id: words }
mqtt: { url: "mqtt://127.0.0.1:1" }
buffer: { path: %(folder)s/queue.db }
buses:
  line:
    adapter: modbus
    serial: { port: %(folder)s/line, parity: none, stop_bits: 2 }
    devices: { boiler: { unit: 3, every: 1s, points: { supply: { holding: 1, type: int16, scale: 0.1 } } } }
  roof:
    adapter: serial
    serial: { port: %(folder)s/roof, baud: 4800 }
    devices: { gps: { template: serial-nmea-gnss } }
"""
DIALOGUE = [
    ("set boiler.supply 21.5", "bus line: boiler.supply is 21.5"),
    ("fault line/boiler drop 5%", "bus line: boiler: drop 5%"),
    ("fault boiler drop 200%", "? how often, in percent of the answers? fault DEVICE drop 10%"),
    ("fault boiler drip", '? there is no fault "drip"; what can be said: '),
    ("fualt boiler drop", "? what can be said: fault DEVICE late 10%"),
    ("help", "? what can be said: fault DEVICE late 10%"),
    ("fault kettle drop", '? "fault kettle drop" names no device or point of this plant'),
    ("set boiler.nothing 1", '? "set boiler.nothing 1" names no device or point of this plant'),
    ("fault meters/boiler drop", '? "fault meters/boiler drop" names no device or point of this plant'),
    ("fault gps drop 5%", "? this adapter's simulated devices take no commands"),
    ("set gps.latitude 3", "? this adapter's simulated devices take no commands"),
    ("clear", "bus line: all: as the config says"),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "plant.yaml"
        config.write_text(CONFIG % {"folder": folder})
        process = subprocess.Popen([arguments.build / "tidegate", "simulate", "-c", str(config)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            for _ in range(2):
                line = process.stdout.readline()
                assert " serving at " in line, line
            for said, expected in DIALOGUE:
                process.stdin.write(said + "\n")
                process.stdin.flush()
                answer = process.stdout.readline()
                assert answer.startswith(expected), f"{said!r} was answered with {answer!r}, not {expected!r}"
        finally:
            process.terminate()
            process.communicate()
    print(f"{len(DIALOGUE)} lines were answered by whom they were for")


if __name__ == "__main__":
    main()
