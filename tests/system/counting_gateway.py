# tests/system/counting_gateway.py: a gateway with one simulated device, whose counter shows at the other end what was lost or
# doubled. Not here: the broker, and the judgement (tools/plant.py).
import json
import os

import plant


class CountingGateway:
    """Publishes `points` counters, each every `every`, with QoS 2; `mqtt` are the keys below mqtt."""

    def __init__(self, build, folder, name, points=1, every="100ms", env=None, publish=None, buffer=None, **mqtt):
        self.name, self.build, self.folder = name, build, folder / name
        self.folder.mkdir()
        self.config = self.folder / "site.yaml"
        device = {"every": every, "points": {f"polls{n}": {"wave": "counter", "from": 1} for n in range(points)}}
        content = {"gateway": {"id": name}, "mqtt": mqtt, "buffer": {"path": self.folder / "queue.db", **(buffer or {})},
                   "publish": {"qos": 2, **(publish or {})}, "buses": {"bench": {"adapter": "simulated", "devices": {"tank": device}}}}
        self.config.write_text(json.dumps(content, indent=1, default=str))
        self.process = plant.Process(name, [build / "tidegate", "run", "-c", self.config], self.folder / "log", env={**os.environ, **(env or {})})

    def start(self):
        self.process.start()
        return self

    def log(self):
        return self.process.output()

    def is_connected(self):
        return plant.is_connected(self.process)

    def ledger(self):
        return plant.ledger_of(self.build, self.config)
