# tests/page/mock_gateway.py: serves the status page with made-up gateways behind it (scenes.py), as docs/api.md says it.
# By hand: python3 tests/page/mock_gateway.py --port 8378, and choose with http://127.0.0.1:8378/mock/scene/outage
# Not here: what the page has to show (browser_test.mjs).
import argparse
import http.server
import json
import pathlib
import sys
import threading
import time
import urllib.parse

import scenes

PAGE = pathlib.Path(__file__).resolve().parents[2] / "gateway" / "http" / "page"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Mock:
    """What the server is like now; changed by /mock/…."""

    def __init__(self):
        self.lock = threading.Lock()
        self.scene = scenes.Scene(time.time())
        self.token = None
        self.alive = True        # else connections are closed without an answer
        self.generation = 0      # raised: streams end
        self.ahead = 0           # seconds that a fast clock has won
        self.hour = 0            # seconds of a simulated hour that are still to be sent
        self.sent = []           # commands
        self.reload = 0

    def now(self):
        return time.time() + self.ahead


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mock: Mock

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache" if "json" not in kind else "no-store")
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, value, status=200):
        self.answer(status, json.dumps(value, ensure_ascii=False).encode())

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path.startswith("/mock/"):
            return self.control(path.split("/")[2:])
        if not self.mock.alive:
            self.close_connection = True
            return None
        if path.startswith("/api/") and not self.may():
            return self.answer_json({"error": "a token is needed"}, 401)
        query = urllib.parse.parse_qs(query)
        if path == "/api/state":
            return self.answer_json(self.mock.scene.state(self.mock.now()))
        if path == "/api/history":
            return self.answer_json(self.mock.scene.history(query.get("span", ["1h"])[0], self.mock.now()))
        if path == "/api/events":
            return self.events()
        file = PAGE / ("index.html" if path == "/" else path[1:])
        if file.parent == PAGE and file.is_file():
            return self.answer(200, file.read_bytes(), TYPES[file.suffix])
        return self.answer_json({"error": "not here"}, 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        places = self.path.split("/")
        if not self.may():
            return self.answer_json({"error": "a token is needed"}, 401)
        if len(places) != 5 or places[1:3] != ["api", "set"] or not self.mock.scene.writes:
            return self.answer_json({"error": "not here"}, 404)
        device, point = (urllib.parse.unquote(each) for each in places[3:])
        value = json.loads(body)
        self.mock.sent.append([device, point, body])
        if point == "pump" and not value.get("confirm"):
            return self.answer_json({"stage": "rejected", "ok": False, "final": True, "reason": "not_confirmed", "detail": "pump is dangerous", "ms": 1}, 409)
        if point == "setpoint" and value["value"] > 90:
            return self.answer_json({"stage": "rejected", "ok": False, "final": True, "reason": "above_max", "detail": "99 is above 90", "ms": 1}, 409)
        for bus in self.mock.scene.buses:
            for each in bus["devices"]:
                for spec in each["points"]:
                    if (each["name"], spec["name"]) == (device, point):
                        spec["base"] = value["value"]
        return self.answer_json({"stage": "verified", "ok": True, "final": True, "value": value["value"], "ms": 142})

    def may(self):
        return self.mock.token is None or self.headers.get("Authorization") == f"Bearer {self.mock.token}"

    def send_event(self, name, data):
        body = f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        self.wfile.flush()

    def events(self):
        mock, generation, since, reloads = self.mock, self.mock.generation, self.mock.now(), self.mock.reload
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while mock.generation == generation:
                if mock.reload != reloads:
                    reloads = mock.reload
                    self.send_event("reload", {})
                if mock.hour > 0:
                    mock.hour -= 1
                    mock.ahead += 1
                else:
                    time.sleep(0.25)
                    if mock.now() - since < 1:
                        continue
                now = mock.now()
                self.send_event("values", mock.scene.values(now, since))
                if mock.hour % 5 == 0:
                    state = mock.scene.state(now)
                    for bus in state["buses"]:
                        for device in bus["devices"]:
                            del device["points"]
                    self.send_event("state", state)
                since = now
        except OSError:
            pass  # the page is gone
        self.close_connection = True

    def control(self, words):
        """/mock/scene/NAME[/writes], token/TEXT or token, down, up, hour/SECONDS, drop/MESSAGES, reload, sent, hour"""
        mock = self.mock
        with mock.lock:
            if words[0] == "scene":
                mock.scene = scenes.SCENES[words[1]](mock.now(), writes="writes" in words)
                mock.reload += 1
            elif words[0] == "token":
                mock.token = words[1] if len(words) > 1 else None
                mock.generation += 1
            elif words[0] in ("down", "up"):
                mock.alive = words[0] == "up"
                mock.generation += 1
            elif words[0] == "hour" and len(words) > 1:
                mock.hour = int(words[1])
            elif words[0] == "drop":
                mock.scene.dropped += int(words[1])
            elif words[0] == "reload":
                mock.reload += 1
        self.answer_json({"sent": mock.sent, "hour": mock.hour})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50

    def handle_error(self, request, client_address):
        """A browser that is closed breaks its connections; anything else is told."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def serve(port=0):
    """A server in a thread of its own: (server, mock)."""
    handler = type("Bound", (Handler,), {"mock": Mock()})
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, handler.mock


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8378)
    asked = parser.parse_args()
    server, _ = serve(asked.port)
    print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
    threading.Event().wait()
