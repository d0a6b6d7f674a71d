#!/usr/bin/env python3
"""examples/adapters/process_adapter.py: an adapter as a program, for the adapter `process`: JSON objects, one a line, on stdin and
stdout. This one reads and writes numbers in files; replace the two functions at its top by what your devices need. What the lines
are is told in docs/adapters.md.

    buses:
      files:
        adapter: process
        command: [python3, /etc/tidegate/process_adapter.py]
        devices:
          board:
            every: 10s
            points:
              temperature: { address: /sys/class/thermal/thermal_zone0/temp, unit: m°C }
"""
import json
import sys


def read(device, point):
    """The point's value: a number, a text, True, False, or None for "no value". An exception's text is why there is none."""
    with open(point["address"]) as file:
        return float(file.readline())


def write(device, point, value):
    """Writes it, or raises ValueError if it won't."""
    with open(point["address"], "w") as file:
        file.write(f"{value}\n")


def answer(request, devices):
    if "poll" in request:
        device = devices[request["poll"]["device"]]
        values, failures = {}, {}
        for name in request["poll"]["points"]:
            try:
                values[name] = read(device, device["points"][name])
            except (OSError, ValueError) as error:
                failures[name] = str(error)
        return {"values": values, "failures": failures}
    device = devices[request["write"]["device"]]
    try:
        for name, value in request["write"]["values"].items():
            write(device, device["points"][name], value)
    except (OSError, ValueError) as error:
        return {"refused": str(error)}
    return {"accepted": True}


def say(what):
    print(json.dumps(what), flush=True)


def main():
    start = json.loads(sys.stdin.readline())["start"]
    devices = {d["name"]: dict(d, points={p["name"]: p for p in d["points"]}) for d in start["devices"]}
    say({"ready": True})
    for line in sys.stdin:  # ends when the gateway leaves
        request = json.loads(line)
        say({"id": request["id"], **answer(request, devices)})


if __name__ == "__main__":
    main()
