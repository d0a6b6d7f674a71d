# tests/system/broker_tls_test.py: a gateway reaches a real broker over TLS, WebSocket and a proxy, and refuses, each time in words
# of its own, a broker that isn't who it should be: not one message goes there.
import argparse
import os
import pathlib
import shutil
import subprocess

import certificates
import connect_proxy
import counting_gateway
import own_folder
import plant

LOCAL = "DNS:localhost,IP:127.0.0.1"
PAST = {"start": "200101000000Z", "end": "200201000000Z"}


def listener(port, certificate, key, *more):
    return "\n".join([f"listener {port} 127.0.0.1", f"certfile {certificate}", f"keyfile {key}", *more]) + "\n"


class Site:
    """One broker with a listener for each case; the judge has a plain one."""

    def __init__(self, build, folder):
        self.build, self.folder, self.failures = build, folder, []
        self.ours = certificates.Authority(folder, "ours")
        self.strangers = certificates.Authority(folder, "strangers")
        good = self.ours.issue("broker", LOCAL)
        revoked = self.ours.issue("revoked", LOCAL)
        self.ours.revoke(revoked[0])
        self.crl = self.ours.revocations()
        shown = {
            "good": good, "other": self.ours.issue("other", "DNS:broker.example"), "expired": self.ours.issue("expired", LOCAL, **PAST),
            "revoked": revoked, "stranger": self.strangers.issue("stranger", LOCAL), "client": self.ours.issue("client", LOCAL, "clientAuth"),
            "self_signed": certificates.self_signed(folder, "alone", LOCAL),
        }
        self.ports = {name: plant.free_port() for name in [*shown, "mutual", "wss", "ws"]}
        lines = [listener(self.ports[name], *pair) for name, pair in shown.items()]
        lines.append(listener(self.ports["mutual"], *good, f"cafile {self.ours.certificate}", "require_certificate true"))
        lines.append(listener(self.ports["wss"], *good, "protocol websockets"))
        lines.append(f"listener {self.ports['ws']} 127.0.0.1\nprotocol websockets\n")
        self.broker = plant.Broker(folder, extra="".join(lines))

    def gateway(self, name, port, scheme="mqtts", tls=None, **more):
        tls = {"tls": {"ca": self.ours.certificate, **(tls or {})}} if scheme in ("mqtts", "wss") else {}
        return counting_gateway.CountingGateway(self.build, self.folder, name, url=f"{scheme}://127.0.0.1:{self.ports[port]}", **tls, **more).start()

    def expect(self, what, condition, detail=""):
        if not condition:
            self.failures.append(f"{what}: {detail}")


def refused_cases(site):
    """Gateways that must not connect, each with the words that its log must have."""
    mine = {"cert": site.ours.issue("late", purpose="clientAuth", **PAST), "foreign": site.strangers.issue("foreign", purpose="clientAuth")}
    pair = lambda it: {"cert": it[0], "key": it[1]}
    return [
        (site.gateway("wrong-name", "other"), ["it isn't for 127.0.0.1", "for broker.example"]),
        (site.gateway("expired", "expired"), ["it expired on 2020-02-01 00:00 UTC"]),
        (site.gateway("self-signed", "self_signed"), ["it is self-signed"]),
        (site.gateway("unknown-authority", "stranger"), ["its issuer CN=strangers isn't among the authorities trusted"]),
        (site.gateway("system-authorities", "good", tls={"ca": "/etc/ssl/certs/"}), ["its issuer CN=ours isn't among the authorities trusted"]),
        (site.gateway("revoked", "revoked", tls={"crl": site.crl}), ["it is revoked by"]),
        (site.gateway("wrong-purpose", "client"), ["its purpose is not TLS server"]),
        (site.gateway("chain-only-expired", "expired", tls={"verify": "chain_only"}), ["it expired on"]),
        (site.gateway("no-certificate", "mutual"), ["it demands a client certificate, and none is set"]),
        (site.gateway("late-certificate", "mutual", tls=pair(mine["cert"])), ["the client certificate"]),
        (site.gateway("foreign-certificate", "mutual", tls=pair(mine["foreign"])), ["the client certificate"]),
        (site.gateway("missing-ca", "good", tls={"ca": site.folder / "missing.pem"}), ["missing.pem can't be read", "No such file"]),
        (site.gateway("not-tls", "ws"), ["doesn't speak TLS|without an answer to TLS|closed the connection"]),
        (site.gateway("tls-expected", "good", scheme="mqtt"), ["broker_lost"]),
    ]


def accepted_cases(site, proxy):
    client = site.ours.issue("gateway", purpose="clientAuth")
    folder = site.folder / "authorities"
    folder.mkdir()
    shutil.copy(site.ours.certificate, folder / "ours.pem")
    through = {"proxy": {"url": f"http://127.0.0.1:{proxy.port}", "username": "me", "password": "@env:PROXY_PASSWORD"}, "env": {"PROXY_PASSWORD": "open sesame"}}
    mutual = {"cert": client[0], "key": client[1], "crl": site.crl}
    return [
        site.gateway("mqtts-5", "good"),
        site.gateway("mqtts-3", "good", version="3.1.1"),
        site.gateway("mutual-5", "mutual", tls=mutual),
        site.gateway("mutual-3", "mutual", tls=mutual, version="3.1.1"),
        site.gateway("wss-5", "wss", scheme="wss", websocket={"headers": {"X-Site": "bench"}}),
        site.gateway("wss-3", "wss", scheme="wss", version="3.1.1"),
        site.gateway("ws-5", "ws", scheme="ws"),
        site.gateway("ws-3", "ws", scheme="ws", version="3.1.1"),
        site.gateway("authority-folder", "good", tls={"ca": folder}),
        site.gateway("named", "other", tls={"server_name": "broker.example"}),
        site.gateway("chain-only", "other", tls={"verify": "chain_only"}),
        site.gateway("nothing-verified", "self_signed", tls={"verify": "none"}),
        site.gateway("proxied", "good", **through),
        site.gateway("proxied-wss", "wss", scheme="wss", **through),
    ]


def check_refused(site, judge, cases):
    for gateway, words in cases:
        plant.wait_for(f"{gateway.name} to be refused", lambda: "broker_lost" in gateway.log(), 15)
        for word in words:
            site.expect(f"{gateway.name} should say '{word}'", any(one in gateway.log() for one in word.split("|")), gateway.log())
        site.expect(f"{gateway.name} connected", "broker_connected" not in gateway.log(), gateway.log())
    for gateway, _ in cases:
        plant.wait_for(f"{gateway.name} to queue", lambda: gateway.ledger()["queued"] > 0, 10)
        site.expect(f"{gateway.name} delivered", gateway.ledger()["acknowledged"] == 0 and not judge.has_heard(gateway.name), str(gateway.ledger()))


def check_accepted(site, judge, gateways):
    for gateway in gateways:
        try:
            plant.wait_for(f"{gateway.name} to deliver", lambda: judge.heard(gateway.name) >= 5, 15)
        except TimeoutError as late:
            site.failures.append(f"{late}\n{gateway.log()}")
    for gateway in gateways:
        warned = "broker_not_verified" in gateway.log()
        site.expect(f"{gateway.name} says what isn't verified", warned == (gateway.name in ("chain-only", "nothing-verified")), gateway.log())


def check_renewal(site, judge):
    """Certificate and key are replaced while the gateway runs; the next connection uses them, and a reload makes it at once."""
    paths = site.folder / "renewed.pem", site.folder / "renewed.key"

    def install(pair):
        for new, path in zip(pair, paths):
            shutil.copy(new, str(path) + ".new")
            os.replace(str(path) + ".new", path)

    install(site.strangers.issue("before", purpose="clientAuth"))
    gateway = site.gateway("renewed", "mutual", tls={"cert": paths[0], "key": paths[1]})
    plant.wait_for("the old certificate to be refused", lambda: "broker_lost" in gateway.log(), 10)
    install(site.ours.issue("after", purpose="clientAuth"))
    plant.wait_for("the renewed certificate to be used", lambda: judge.heard("renewed") >= 5, 25)

    def reload(code, *words):
        done = subprocess.run([site.build / "tidegate", "reload", "-c", gateway.config], capture_output=True, text=True, timeout=60)
        said = done.stdout + done.stderr
        site.expect(f"a reload that says {words}", done.returncode == code and all(word in said for word in words), said)

    made = gateway.log().count(" broker_connected ")
    reload(0, "mqtt changed: the connection is made anew")  # what was there at the start was the strangers'
    plant.wait_for("the connection with it", lambda: gateway.log().count(" broker_connected ") == made + 1, 25)
    reload(0, "nothing that matters")
    first = site.ours.issue("mixed", purpose="clientAuth")
    install((first[0], paths[1]))
    reload(1, "isn't the key of the first certificate", "nothing was changed")
    paths[0].unlink()
    reload(0, "can't be read now", "nothing that matters")
    install(first)
    heard = judge.heard("renewed")
    reload(0, "mqtt changed")
    plant.wait_for("messages over the connection after it", lambda: judge.heard("renewed") >= heard + 10, 25)
    site.expect("how often it connected", gateway.log().count(" broker_connected ") == made + 2, gateway.log())
    return gateway


def check_secrets(site, gateways):
    for gateway in gateways:
        site.expect(f"{gateway.name} logs a secret", "open sesame" not in gateway.log(), gateway.log())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("tls")
    site = Site(build, folder)
    proxy = connect_proxy.ConnectProxy("me", "open sesame")
    judge, running = None, []
    try:
        site.broker.start()
        judge = plant.Listener(site.broker.port)
        refused = refused_cases(site)
        running += [gateway for gateway, _ in refused]
        check_refused(site, judge, refused)
        for gateway, _ in refused:
            gateway.process.stop()
        accepted = accepted_cases(site, proxy)
        running += accepted
        check_accepted(site, judge, accepted)
        site.expect("the tunnels", set(proxy.tunnels) == {f"127.0.0.1:{site.ports[port]}" for port in ("good", "wss")}, str(proxy.tunnels))
        check_secrets(site, accepted)
        for gateway in accepted:
            site.expect(f"{gateway.name} ends well", gateway.process.stop() == 0, gateway.log())
        running.append(check_renewal(site, judge))
    finally:
        if judge is not None:
            judge.stop()
        proxy.stop()
        for gateway in running:
            if gateway.process.running():
                gateway.process.kill()
        site.broker.stop()
    print(f"refused {len(refused)}  accepted {len(accepted)}  logs {folder}")
    for failure in site.failures:
        print("FAILED:", failure)
    return 1 if site.failures else 0


if __name__ == "__main__":
    own_folder.run(main)
