# tests/system/modbus_ways_test.py: Modbus over TLS and over UDP from servers that aren't ours (pymodbus on OpenSSL): values arrive;
# a device that shows a stranger's certificate is refused in words and gives no value; and a new authority's file is taken without
# a restart.
# Not here: types and orders (values_test.py).
import argparse
import asyncio
import json
import ssl
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTlsServer, ModbusUdpServer
from pymodbus.transaction import ModbusSocketFramer
import certificates
import own_folder
import plant

LOCAL = "DNS:localhost,IP:127.0.0.1"


def store(first):
    unit = ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, [first + i for i in range(100)]), zero_mode=True)
    return ModbusServerContext(slaves={7: unit}, single=False)


class Device(threading.Thread):
    """A server in a loop of its own, until it is told to go."""

    def __init__(self, make):
        super().__init__(daemon=True)
        self.make, self.loop, self.task, self.ready = make, None, None, threading.Event()

    def run(self):
        async def serve():
            self.loop, self.task = asyncio.get_running_loop(), asyncio.current_task()
            server = self.make()
            serving = asyncio.ensure_future(server.serve_forever())
            await server.serving
            self.ready.set()
            try:
                await serving
            finally:
                serving.cancel()
                closed = server.server_close()
                if closed is not None:
                    await closed

        try:
            asyncio.run(serve())
        except asyncio.CancelledError:
            pass

    def begin(self):
        self.start()
        if not self.ready.wait(10):
            raise TimeoutError("a device didn't begin")
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.task.cancel)
        self.join(10)


def tls_device(port, first, certificate, client_authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*certificate)
    context.load_verify_locations(client_authority)
    context.verify_mode = ssl.CERT_REQUIRED
    # MBAP inside TLS, as the specification says; pymodbus's own TLS frames have no header.
    return Device(lambda: ModbusTlsServer(store(first), framer=ModbusSocketFramer, address=("127.0.0.1", port), sslctx=context,
                                          reqclicert=True, allow_reuse_address=True))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    options = arguments.parse_args()
    folder = own_folder.make("ways")
    ours, strangers = certificates.Authority(folder, "ours"), certificates.Authority(folder, "strangers")
    own_certificate, own_key = ours.issue("gateway", purpose="clientAuth")
    believed = folder / "believed.pem"
    believed.write_bytes(ours.certificate.read_bytes())
    tls_port, udp_port = plant.free_port(), plant.free_port()

    broker = plant.Broker(folder)
    point = "{ register: 40011, type: uint16 }"
    text = f"""
gateway: {{ id: ways }}
mqtt: {{ url: 'mqtt://127.0.0.1:{broker.port}' }}
buffer: {{ path: {folder}/queue.db }}
buses:
  secure:
    adapter: modbus
    tls: {{ host: 127.0.0.1, port: {tls_port}, ca: {believed}, cert: {own_certificate}, key: {own_key} }}
    devices:
      plc: {{ unit: 7, every: 200ms, points: {{ flow: {point} }} }}
  datagrams:
    adapter: modbus
    udp: {{ host: 127.0.0.1, port: {udp_port} }}
    devices:
      meter: {{ unit: 7, every: 200ms, points: {{ power: {point} }} }}
"""
    the_plant = plant.Plant(options.build, folder, text)
    device = tls_device(tls_port, 100, ours.issue("plc", LOCAL), ours.certificate).begin()
    meter = Device(lambda: ModbusUdpServer(store(500), framer=ModbusSocketFramer, address=("127.0.0.1", udp_port))).begin()
    broker.start()
    judge = plant.Judge(broker.port, ["ways/#"], lambda *_: None)
    value = lambda topic: json.loads(judge.last_text.get(topic, "{}")).get("value")
    failures = []
    try:
        the_plant.gateway.start()
        plant.wait_for("values over TLS and UDP", lambda: value("ways/plc/flow") == 110 and value("ways/meter/power") == 510, 20)
        device.stop()
        device = tls_device(tls_port, 200, strangers.issue("plc", LOCAL), ours.certificate).begin()
        plant.wait_for("words of refusal", lambda: "isn't among those trusted" in the_plant.gateway.output(), 30)
        if value("ways/plc/flow") != 110:
            failures.append(f"a value of a device that isn't believed: {value('ways/plc/flow')}")
        believed.write_bytes(strangers.certificate.read_bytes())
        plant.wait_for("values of the device that is believed now", lambda: value("ways/plc/flow") == 210, 60)
        code = the_plant.gateway.stop()
        if code != 0:
            failures.append(f"exit code {code}")
    except TimeoutError as late:
        failures.append(str(late))
    finally:
        judge.stop()
        the_plant.stop()
        broker.stop()
        device.stop()
        meter.stop()
    print(f"{len(failures)} failures, logs {folder}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
