# tests/system/rabbitmq.py: RabbitMQ nodes with their MQTT plugin on free ports of loopback, alone or as a cluster.
# Not here: what is sent through them.
import glob
import os
import signal
import subprocess

import plant

HOME = next(iter(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*")), "/usr/lib/rabbitmq")


class NameServer(plant.Process):
    """Tells the nodes where each other is. Ours, so that no node leaves one running behind it."""

    def __init__(self, folder):
        self.port = plant.free_port()
        super().__init__("epmd", ["epmd", "-port", self.port, "-address", "127.0.0.1"], folder / "epmd.log")


class Node(plant.Process):
    def __init__(self, folder, number, names):
        self.folder = folder / f"node{number}"
        self.folder.mkdir()
        self.name_in_cluster = f"tidegate{number}@localhost"
        self.port = plant.free_port()
        amqp, distribution = plant.free_port(), plant.free_port()
        (self.folder / "rabbitmq.conf").write_text("\n".join([
            f"listeners.tcp.1 = 127.0.0.1:{amqp}", f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.port}", "mqtt.allow_anonymous = true",
            "mqtt.subscription_ttl = 1800000", "mqtt.prefetch = 100", "cluster_partition_handling = ignore", "log.console = true", "log.file = false"]) + "\n")
        (self.folder / "enabled_plugins").write_text("[rabbitmq_mqtt].")
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text("tidegate")
        cookie.chmod(0o400)
        environment = {
            "HOME": self.folder, "RABBITMQ_HOME": HOME, "RABBITMQ_NODENAME": self.name_in_cluster, "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": amqp, "RABBITMQ_DIST_PORT": distribution, "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "enabled_plugins", "RABBITMQ_MNESIA_BASE": self.folder / "mnesia",
            "RABBITMQ_LOG_BASE": self.folder / "log", "RABBITMQ_PID_FILE": self.folder / "pid", "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": names.port, "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        }
        self.environment = {**os.environ, **{name: str(value) for name, value in environment.items()}}
        super().__init__(f"node {number}", [f"{HOME}/sbin/rabbitmq-server"], folder / f"node{number}.log", env=self.environment)

    def start(self):
        super().start()
        plant.wait_for(f"{self.name} to start", lambda: self.is_up() or not self.running(), 120)
        if not self.running():
            raise RuntimeError(f"{self.name} ended:\n{self.output()[-3000:]}")
        return self

    def is_up(self):
        return "Server startup complete" in self.output()[self.started_at:]

    def control(self, *arguments):
        done = subprocess.run([f"{HOME}/sbin/rabbitmqctl", *arguments], env=self.environment, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")

    def join(self, other):
        for command in (["stop_app"], ["reset"], ["join_cluster", other.name_in_cluster], ["start_app"]):
            self.control(*command)

    def stop(self, how=signal.SIGTERM, seconds=60):
        """SIGTERM: in order. SIGKILL: at once; the shell that the node runs under goes, too."""
        pid = self.folder / "pid"
        if how == signal.SIGKILL and pid.exists() and self.running():
            os.kill(int(pid.read_text()), signal.SIGKILL)
        return super().stop(how, seconds)
