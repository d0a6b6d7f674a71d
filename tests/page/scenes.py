# tests/page/scenes.py: made-up gateways for the status page's tests: the answers of docs/api.md in states that a real plant is hard to bring into.
# Not here: serving them (mock_gateway.py).
import datetime
import math

MIB = 1 << 20


def stamp(seconds):
    """Unix time → what the gateway writes."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def point(name, unit, base, swing, every_ms=1000, **more):
    return {"name": name, "unit": unit, "base": base, "swing": swing, "every_ms": every_ms, **more}


def meter(name):
    return {"name": name, "points": [point("voltage_l1", "V", 230.4, 1.5), point("voltage_l2", "V", 231.1, 1.5), point("voltage_l3", "V", 229.8, 1.5),
                                     point("current_l1", "A", 12.1, 3), point("current_l2", "A", 11.7, 3), point("current_l3", "A", 13.4, 3),
                                     point("power", "kW", 8.43, 2), point("energy_import", "kWh", 48213.6, 0, grows=0.01), point("frequency", "Hz", 50.0, 0.02)]}


def plant():
    """The buses of a small works, and what runs on them."""
    return [
        {"name": "line", "adapter": "modbus", "where": "/dev/ttyUSB0", "load": 0.63, "devices": [
            {"name": "boiler", "points": [point("supply", "°C", 71.4, 2, 5000), point("return", "°C", 58.2, 2, 5000), point("setpoint", "°C", 72, 0, 5000, writable=True),
                                          point("mode", "", "auto", 0, 5000, writable=True), point("pump", "", True, 0, writable=True)]},
            {"name": "tank", "points": [point("level", "m", 3.182, 0.05), point("inflow", "m³/h", 14.2, 3)]},
            meter("main_meter"), meter("hall_meter")]},
        {"name": "roof", "adapter": "modbus", "where": "10.0.0.5:502", "load": 0.12, "devices": [
            {"name": "inverter", "points": [point("ac_power", "W", 6120, 700), point("dc_voltage", "V", 612.5, 9), point("yield_today", "kWh", 31.4, 0, grows=0.002),
                                            point("temperature", "°C", 44.0, 1), point("state", "", "running", 0)]}]},
    ]


class Scene:
    """A gateway as it would answer at a time. Scenes below change the state that this one gives."""

    def __init__(self, now, writes=False):
        self.buses, self.writes = plant(), writes
        self.started = now - 3 * 86400 - 7300
        self.dropped = 0  # in this scene, by the full queue

    def value(self, spec, now):
        base = spec["base"]
        if not isinstance(base, (int, float)) or isinstance(base, bool):
            return base
        grown = spec.get("grows", 0) * (now - self.started)
        return round(base + grown + spec["swing"] * math.sin(now / 37 + len(spec["name"])), 3)

    def quality(self, bus, device, spec, now):
        return "good"

    def read_at(self, bus, device, spec, now):
        """When it was last read."""
        return now - (now * 1000 % spec["every_ms"]) / 1000

    def point_state(self, bus, device, spec, now):
        quality, read = self.quality(bus, device, spec, now), self.read_at(bus, device, spec, now)
        none = quality == "none"
        return {"name": spec["name"], "unit": spec["unit"], "value": None if none else self.value(spec, read), "ts": None if none else stamp(read),
                "age_ms": None if none else int((now - read) * 1000), "quality": quality, "writable": spec.get("writable", False), "every_ms": spec["every_ms"]}

    def device_state(self, bus, device, now):
        return {"name": device["name"], "state": "online", "since": stamp(self.started + 4), "error": "", "overdue": False, "implausible": 0, "turnaround_ms": 12.1,
                "points": [self.point_state(bus, device, spec, now) for spec in device["points"]]}

    def bus_state(self, bus, now):
        requests = int((now - self.started) * 12.5)
        return {"name": bus["name"], "adapter": bus["adapter"], "where": bus["where"], "down": False, "load": bus["load"], "busy": bus["load"] - 0.02,
                "requests_per_second": 12.5, "sweep_ms": 410, "missed_cycles": 0, "requests": requests, "answers": requests - 14, "exceptions": 0, "time_outs": 12,
                "damaged": 2, "unreachable": 0, "devices": [self.device_state(bus, device, now) for device in bus["devices"]]}

    def queue(self, now):
        accepted = int((now - self.started) * 21)
        return {"messages": 3, "bytes": 40960, "max_bytes": 2048 * MIB, "oldest": stamp(now - 0.08), "accepted": accepted, "acknowledged": accepted - 3, "dropped": 0,
                "dropped_by": {}, "dead_letters": 0, "disk_full": False, "bytes_written": 412 * MIB}

    def destination(self, now):
        return {"name": "default", "url": "mqtts://broker.example:8883", "state": "online", "since": stamp(self.started + 2), "reason": "", "session_present": True,
                "connections": 3, "sessions_lost": 0, "refused": 0}

    def alarms(self, now):
        return []

    def config(self, now):
        return {"path": "/etc/tidegate/tidegate.yaml", "loaded": stamp(self.started), "warnings": [], "reload_error": None}

    def gateway(self, now):
        return {"id": "plant7", "version": "0.1.0", "started": stamp(self.started), "uptime_s": int(now - self.started), "clock": "synchronised", "now": stamp(now), "writes": self.writes}

    def state(self, now):
        return {"gateway": self.gateway(now), "config": self.config(now), "buses": [self.bus_state(bus, now) for bus in self.buses], "queue": self.queue(now),
                "destinations": [self.destination(now)], "alarms": self.alarms(now)}

    def values(self, now, since):
        """What has been read since then."""
        rows = []
        for b, bus in enumerate(self.buses):
            for d, device in enumerate(bus["devices"]):
                for p, spec in enumerate(device["points"]):
                    is_now = self.point_state(bus, device, spec, now)
                    if is_now["ts"] is not None and self.read_at(bus, device, spec, now) > since:
                        rows.append([b, d, p, is_now["value"], is_now["ts"], is_now["quality"]])
        return {"now": stamp(now), "points": rows}

    # The history: None where the gateway didn't run.
    def depth(self, at, now):
        return 2 + round(2 * math.sin(at / 50) ** 2)

    def online(self, at, now):
        return 1

    def delivered(self, at, now):
        return 21 + math.sin(at / 70)

    def ran(self, at, now):
        return True

    def history(self, span, now):
        step, steps = (300, 288) if span == "24h" else (10, 360)
        times = [now - (steps - 1 - number) * step for number in range(steps)]
        kept = lambda made: [made(at, now) if self.ran(at, now) else None for at in times]
        return {"step_s": step, "until": stamp(now), "queued": kept(self.depth), "accepted_per_s": kept(lambda at, _: round(21 + math.sin(at / 90), 2)),
                "delivered_per_s": kept(lambda at, until: round(self.delivered(at, until), 2)), "online": kept(self.online)}


class Outage(Scene):
    """The broker has been away for 22 minutes, and was once before."""

    def __init__(self, now, **more):
        super().__init__(now, **more)
        self.left, self.first_left, self.first_back = now - 22 * 60, now - 51 * 60, now - 39 * 60

    def online(self, at, now):
        return 0 if at > self.left or self.first_left < at < self.first_back else 1

    def depth(self, at, now):
        if at > self.left:
            return round((at - self.left) * 21)
        if self.first_left < at < self.first_back:
            return round((at - self.first_left) * 21)
        return max(super().depth(at, now), round((self.first_back - self.first_left) * 21 - (at - self.first_back) * 180)) if at >= self.first_back else super().depth(at, now)

    def delivered(self, at, now):
        if self.online(at, now) == 0:
            return 0
        return 201 if self.first_back <= at < self.first_back + 84 else super().delivered(at, now)

    def queue(self, now):
        waiting = self.depth(now, now)
        return {**super().queue(now), "messages": waiting, "bytes": waiting * 190, "oldest": stamp(self.left), "acknowledged": super().queue(now)["accepted"] - waiting}

    def destination(self, now):
        return {**super().destination(now), "state": "offline", "since": stamp(self.left), "reason": "connection refused by 192.0.2.17:8883", "session_present": False}


class Alarms(Scene):
    """Everything at once: a failing disk, a damaged queue, a bus that is gone, devices that are offline, a refused config, an unset clock, drops."""

    def bus_state(self, bus, now):
        made = super().bus_state(bus, now)
        if bus["name"] == "roof":
            made.update(down=True, unreachable=4711)
        else:
            made.update(load=1.24, busy=0.99, missed_cycles=812)
        return made

    def device_state(self, bus, device, now):
        made = super().device_state(bus, device, now)
        if self.dead(bus, device):
            made.update(state="offline", since=stamp(now - 5400), error="unit 4 does not answer (time-out 500 ms)" if bus["name"] == "line" else "10.0.0.5:502: no route to host")
        elif device["name"] == "boiler":
            made.update(overdue=True, error="holding 12: exception 2, illegal data address", implausible=3)
        return made

    def dead(self, bus, device):
        return bus["name"] == "roof" or device["name"] == "tank"

    def quality(self, bus, device, spec, now):
        if self.dead(bus, device):
            return "none" if spec["name"] == "inflow" else "offline"
        return "stale" if device["name"] == "boiler" else "good"

    def read_at(self, bus, device, spec, now):
        if self.dead(bus, device):
            return now - 5400
        return now - 41 if device["name"] == "boiler" else super().read_at(bus, device, spec, now)

    def queue(self, now):
        made = super().queue(now)
        made.update(bytes=1900 * MIB, messages=9000000, disk_full=True, dropped=1212 + self.dropped, dropped_by={"oldest": 1200 + self.dropped, "expired": 12, "refused": 0},
                    dead_letters=7, accepted=12000000)
        made["acknowledged"] = made["accepted"] - made["messages"] - made["dropped"]
        return made

    def config(self, now):
        return {**super().config(now), "warnings": [{"line": 31, "column": 9, "message": "register 40108 is read twice: as supply and as return"},
                                                    {"line": 44, "column": 1, "message": "bus roof: every 100ms for 40 points needs 124 % of the bus"}],
                "reload_error": "/etc/tidegate/tidegate.yaml:12:7: error: unknown key 'devises'; did you mean 'devices'?"}

    def gateway(self, now):
        return {**super().gateway(now), "clock": "unsynchronised"}

    def alarms(self, now):
        return [{"name": "queue_filling", "on": False, "since": stamp(now - 9000), "count": 2, "reason": None},
                {"name": "disk_failing", "on": True, "since": stamp(now - 610), "count": 1, "reason": "/var/lib/tidegate/queue.db: Input/output error; until it takes something again "
                 "readings wait in memory, and beyond 8 MiB the oldest are dropped; nothing that is stored is lost"},
                {"name": "queue_damaged", "on": True, "since": stamp(now - 7200), "count": 1, "reason": "the queue file was damaged; 812 of 824 messages were saved"}]


class Stopped(Scene):
    """The gateway didn't run for a while in this hour."""

    def ran(self, at, now):
        return not now - 2400 < at < now - 1500


HOSTILE = '<img src=x onerror="window.injected=1"><script>window.injected=1</script>'


class Strange(Scene):
    """Names and values that nobody should give: markup, right to left, very long, control characters, prototypes."""

    def __init__(self, now, **more):
        super().__init__(now, **more)
        long = "a_point_with_a_name_that_goes_on_and_on_" * 6
        points = [point(HOSTILE, HOSTILE, HOSTILE, 0), point("درجة حرارة الماء", "°م", 21.4, 1), point("טמפרטורה", "°C", "טקסט עם 12 מספרים", 0),
                  point("\u202eesrever", "", "\u202eeulav", 0), point(long, "kilogram_per_cubic_metre_and_second", 123456789.123456, 0), point("__proto__", "", "constructor", 0),
                  point("nothing", "", "", 0), point("javascript:alert(1)", "", "data:text/html,<b>x", 0), point("温度", "度", 1e300, 0), point("no\nlines\tand\x00", "", "a\nb", 0)]
        self.buses = [{"name": HOSTILE, "adapter": HOSTILE, "where": "javascript:alert(1)", "load": 0.5, "devices": [{"name": HOSTILE, "points": points},
                                                                                                                   {"name": "جهاز", "points": [point("x", "", 1, 0)]}]}]

    def device_state(self, bus, device, now):
        return {**super().device_state(bus, device, now), "error": HOSTILE, "state": "offline" if device["name"] == HOSTILE else "online"}

    def destination(self, now):
        return {**super().destination(now), "name": HOSTILE, "url": "javascript:alert(1)", "state": "offline", "reason": HOSTILE}

    def config(self, now):
        return {"path": HOSTILE, "loaded": "never", "warnings": [{"line": 1, "column": 1, "message": HOSTILE}], "reload_error": HOSTILE}

    def alarms(self, now):
        return [{"name": HOSTILE, "on": True, "since": HOSTILE, "count": 1, "reason": HOSTILE}]

    def gateway(self, now):
        return {**super().gateway(now), "id": HOSTILE, "version": HOSTILE}

    def queue(self, now):
        return {**super().queue(now), "dropped": 1, "dropped_by": {HOSTILE: 1}, "accepted": super().queue(now)["accepted"] + 1}


class Thousand(Scene):
    """1,000 points that all change every second, on two buses."""

    def __init__(self, now, **more):
        super().__init__(now, **more)
        self.buses = [{"name": f"bus{b}", "adapter": "modbus", "where": f"10.0.0.{b}:502", "load": 0.4, "devices": [
            {"name": f"device{d:02}", "points": [point(f"value{p:02}", "kW", 100.0 * p, 50) for p in range(40)]} for d in range(b, 25, 2)]} for b in range(2)]


class Empty(Scene):
    """A config without a bus: the first minute of a newcomer."""

    def __init__(self, now, **more):
        super().__init__(now, **more)
        self.buses = []

    def history(self, span, now):
        return {"step_s": 10, "until": stamp(now), "queued": [], "accepted_per_s": [], "delivered_per_s": [], "online": []}

    def queue(self, now):
        return {**super().queue(now), "messages": 0, "bytes": 0, "oldest": None, "accepted": 0, "acknowledged": 0}


SCENES = {"well": Scene, "outage": Outage, "alarms": Alarms, "stopped": Stopped, "strange": Strange, "thousand": Thousand, "empty": Empty}
