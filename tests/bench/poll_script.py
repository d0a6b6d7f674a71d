# tests/bench/poll_script.py: what a person writes by hand for the same job: pymodbus reads each device once a second, paho publishes.
# usage: poll_script.py FIRST_PORT DEVICES REGISTERS BROKER_PORT    runs until killed; nothing is durable here
import asyncio
import json
import sys
import time

import paho.mqtt.client as paho
from pymodbus.client import AsyncModbusTcpClient


async def poll(client, port, registers, name):
    device = AsyncModbusTcpClient("127.0.0.1", port=port)
    await device.connect()
    due = time.monotonic()
    while True:
        answer = await device.read_holding_registers(0, registers, slave=1)
        client.publish("g/" + name, json.dumps({"ts": time.time(), **{f"p{i}": v for i, v in enumerate(answer.registers)}}), 1)
        due += 1
        await asyncio.sleep(max(0, due - time.monotonic()))


async def main():
    first, devices, registers, broker = (int(word) for word in sys.argv[1:])
    client = paho.Client()
    client.connect("127.0.0.1", broker)
    client.loop_start()
    await asyncio.gather(*(poll(client, first + i, registers, f"d{i}") for i in range(devices)))


asyncio.run(main())
