# tests/system/rabbitmq_test.py: RabbitMQ over MQTT 3.1.1: the handshake of QoS 2, a restart, and a cluster of which one node goes
# away under load. Nothing may be lost; what RabbitMQ itself doubles is counted and printed.
import argparse
import pathlib
import signal

import counting_gateway
import own_folder
import plant
import rabbitmq

POINTS, EVERY = 20, "100ms"  # 200 messages/s


def check(what, gateway, judge, failures):
    """After its end: whatever was accepted is there, at least once; the answer: what came more than once."""
    ledger = gateway.ledger()
    plant.wait_for(f"all of {what}", lambda: judge.verdict()["delivered"] >= ledger["accepted"], 30)
    verdict = judge.verdict()
    print(f"{what}: ledger {ledger}  verdict {dict(verdict)}  broker's own repeats {judge.broker_repeats}")
    if not ledger["balanced"] or ledger["queued"] or ledger["dropped"]["refused"]:
        failures.append(f"{what}: {ledger}")
    if not verdict["taken"] == verdict["delivered"] == ledger["accepted"]:
        failures.append(f"{what}: lost: {dict(verdict)}")
    return verdict["duplicated"]


def drain(gateway):
    plant.wait_for("a connection", gateway.is_connected, 30)
    plant.wait_for("the queue to drain", lambda: gateway.ledger()["queued"] < 100, 60)
    return gateway.process.stop()


def one_node(build, folder, names, failures):
    """The handshake completes; then the node is stopped and started under load."""
    node = rabbitmq.Node(folder, 1, names).start()
    gateway = counting_gateway.CountingGateway(build, folder, "alone", POINTS, EVERY, url=f"mqtt://127.0.0.1:{node.port}", version="3.1.1")
    judge = plant.Judge(node.port, ["alone/#"], plant.counter_of, qos=1, name="judge-alone")
    try:
        gateway.start()
        plant.wait_for("messages", lambda: judge.count() > 500, 30)
        duplicated = judge.verdict()["duplicated"]
        if duplicated or "broker_lost" in gateway.log():
            failures.append(f"alone: {duplicated} doubled before anything went wrong\n{gateway.log()}")
        node.stop()
        plant.run_for(2)
        node.start()
        before = judge.count()
        plant.wait_for("messages after the restart", lambda: judge.count() > before + 500, 60)
        if drain(gateway) != 0:
            failures.append(f"alone: exit code\n{gateway.log()}")
        print(f"alone: doubled over the restart: {check('alone', gateway, judge, failures)}")
    finally:
        judge.stop()
        gateway.process.kill()
        node.stop(signal.SIGKILL)


def cluster(build, folder, names, failures, nodes, how):
    """The gateway's node goes away under load; the subscriber is on another, so that its queue stays."""
    name = "cluster" if how == signal.SIGTERM else "killed"
    members = [rabbitmq.Node(folder, number, names) for number in nodes]
    judge = gateway = None
    try:
        for member in members:
            member.start()
        for member in members[1:]:
            member.join(members[0])
        urls = [f"mqtt://127.0.0.1:{member.port}" for member in members[:2]]
        gateway = counting_gateway.CountingGateway(build, folder, name, POINTS, EVERY, urls=urls, version="3.1.1")
        judge = plant.Judge(members[1].port, [f"{name}/#"], plant.counter_of, qos=1, name=f"judge-{name}")
        gateway.start()
        plant.wait_for("messages", lambda: judge.count() > 500, 30)
        members[0].stop(how)
        before = judge.count()
        plant.wait_for("messages by the other node", lambda: judge.count() > before + 500, 90)
        if f"broker_connected broker={urls[1]}" not in gateway.log():
            failures.append(f"{name}: not on the other node\n{gateway.log()}")
        if drain(gateway) != 0:
            failures.append(f"{name}: exit code\n{gateway.log()}")
        print("".join(line + "\n" for line in gateway.log().splitlines() if "broker_" in line or "session_" in line))
        print(f"{name}: doubled over the failover: {check(name, gateway, judge, failures)}")
    finally:
        if judge is not None:
            judge.stop()
        if gateway is not None:
            gateway.process.kill()
        for member in members:
            member.stop(signal.SIGKILL)


def subscriber(build, folder, names, failures, nodes):
    """A subscriber's node goes away under load: its session, which the cluster has mirrored, is resumed on the other."""
    members = [rabbitmq.Node(folder, number, names) for number in nodes]
    judge = publisher = None
    lines = 4000
    try:
        for member in members:
            member.start()
        for member in members[1:]:
            member.join(members[0])
        members[0].control("set_policy", "mirrored", ".*", '{"ha-mode":"all","ha-sync-mode":"automatic","ha-promote-on-shutdown":"always"}')
        urls = ",".join(f"mqtt://127.0.0.1:{member.port}" for member in members[:2])
        output = folder / "subscriber.txt"
        command = f"exec {build}/tidegate sub {urls} 'load/#' --mqtt 3.1.1 -q 1 --state {folder}/subscriber.db --payload -v --retry >{output}"
        judge = plant.Process("subscriber", ["sh", "-c", command], folder / "subscriber.log")
        judge.start()
        plant.wait_for("the subscriber", lambda: "connected to" in judge.output(), 30)
        feed = f"for i in $(seq {lines}); do echo $i; [ $((i % 20)) -ne 0 ] || sleep 0.05; done"
        command = f"{feed} | exec {build}/tidegate pub mqtt://127.0.0.1:{members[-1].port} load/x --lines -q 1 --mqtt 3.1.1"
        publisher = plant.Process("publisher", ["sh", "-c", command], folder / "publisher.log")
        publisher.start()
        seen = lambda: set(output.read_text().split())
        plant.wait_for("messages", lambda: len(seen()) > 500, 60)
        members[0].stop()
        plant.wait_for("all messages by the other node", lambda: len(seen()) == lines, 90)
        count = len(output.read_text().split())
        if "session resumed" not in judge.output():
            failures.append("subscriber: the session was not resumed on the other node")
        print(f"subscriber: {lines} published, {len(seen())} received, {count - lines} doubled; {judge.output()}")
    finally:
        for process in (publisher, judge, *members):
            if process is not None:
                process.stop(signal.SIGKILL)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("rabbitmq")
    print(f"logs {folder}")
    names = rabbitmq.NameServer(folder).start()
    failures = []
    stories = [lambda: one_node(build, folder, names, failures),
               lambda: cluster(build, folder, names, failures, (2, 3), signal.SIGTERM),
               lambda: cluster(build, folder, names, failures, (4, 5, 6), signal.SIGKILL),
               lambda: subscriber(build, folder, names, failures, (7, 8))]
    try:
        for story in stories:
            try:
                story()
            except (TimeoutError, RuntimeError) as failed:
                failures.append(str(failed))
    finally:
        names.stop()
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
