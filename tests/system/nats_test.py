# tests/system/nats_test.py: NATS, which speaks MQTT 3.1.1 without QoS 2 and closes the connection on it. A gateway that is told so
# delivers, and one that isn't finds out.
import argparse
import pathlib

import counting_gateway
import own_folder
import plant

ENOUGH = 100  # of each gateway


class Nats(plant.Process):
    def __init__(self, folder):
        self.port = plant.free_port()
        config = folder / "nats.conf"
        config.write_text(f'server_name: "edge"\nlisten: "127.0.0.1:{plant.free_port()}"\njetstream {{}}\nmqtt {{ listen: "127.0.0.1:{self.port}" }}\n')
        binary = "/usr/sbin/nats-server" if pathlib.Path("/usr/sbin/nats-server").exists() else "nats-server"
        super().__init__("nats-server", [binary, "-c", config, "-sd", folder / "jetstream"], folder / "nats.log")


def check(gateway, verdict, failures):
    ledger = gateway.ledger()
    print(f"{gateway.name}: ledger {ledger}  verdict {dict(verdict)}")
    if not ledger["balanced"] or ledger["queued"] or ledger["dropped"]["refused"]:
        failures.append(f"{gateway.name}: {ledger}")
    if not verdict["taken"] == verdict["delivered"] == ledger["accepted"]:
        failures.append(f"{gateway.name}: taken, accepted and delivered differ: {dict(verdict)}")
    if verdict["out_of_order"] > verdict["duplicated"]:  # a repetition comes late by its nature
        failures.append(f"{gateway.name}: out of order: {dict(verdict)}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("nats")
    broker = Nats(folder)
    url = f"mqtt://127.0.0.1:{broker.port}"
    learns = counting_gateway.CountingGateway(build, folder, "learns", points=5, url=url, version="3.1.1")
    knows = counting_gateway.CountingGateway(build, folder, "knows", points=5, url=url, version="3.1.1", max_qos=1)
    gateways, judges, failures = [learns, knows], [], []
    try:
        broker.start()
        plant.wait_for("nats-server to listen", lambda: "Server is ready" in broker.output(), 10)
        judges = [plant.Judge(broker.port, [f"{one.name}/#"], plant.counter_of, qos=1, name=f"judge-{one.name}") for one in gateways]
        for one in gateways:
            one.start()
        for one, judge in zip(gateways, judges):
            plant.wait_for(f"{one.name} to deliver", lambda: judge.count() >= ENOUGH, 45)
        for one, judge in zip(gateways, judges):
            if one.process.stop() != 0:
                failures.append(f"{one.name}: exit code\n{one.log()}")
            ledger = one.ledger()
            plant.wait_for(f"all of {one.name}", lambda: judge.verdict()["delivered"] >= ledger["accepted"], 10)
            check(one, judge.verdict(), failures)
    except TimeoutError as late:
        failures.append(f"{late}\n" + "\n".join(one.log() for one in gateways))
    finally:
        for judge in judges:
            judge.stop()
        for one in gateways:
            if one.process.running():
                one.process.kill()
        broker.stop()
    if learns.log().count("qos_lowered to=1") != 1:
        failures.append(f"the gateway that had to find out should say so once\n{learns.log()}")
    if "broker_lost" in knows.log() or "qos_lowered" in knows.log():
        failures.append(f"the gateway that knew lost its connection\n{knows.log()}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
