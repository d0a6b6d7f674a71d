# tests/page/page_test.py: the status page in a browser, before made-up gateways: its weight, contrast, keyboard, phone, states, commands, memory.
# Not here: the real gateway behind it (page_gateway_test.py).
import argparse
import os
import pathlib
import subprocess
import sys

import mock_gateway

HERE = pathlib.Path(__file__).resolve().parent


def browser(folder, script, *arguments):
    """Runs a script of this folder with playwright-core, which is installed into `folder`; its exit code."""
    subprocess.run([HERE / "install.sh", folder], check=True)
    return subprocess.run(["node", HERE / script, *map(str, arguments)], env={**os.environ, "TIDEGATE_NPM": str(folder)}, check=False).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--hour", type=int, default=3600, help="seconds of the simulated hour")
    parser.add_argument("--only", default="", help="checks whose name has this in it")
    parser.add_argument("--pictures", type=pathlib.Path, help="makes the documents' pictures in this folder, and checks nothing")
    asked = parser.parse_args()
    server, _ = mock_gateway.serve()
    npm, address = asked.build.resolve() / "tests" / "page" / "npm", f"http://127.0.0.1:{server.server_address[1]}/"
    if asked.pictures:
        return browser(npm, "pictures.mjs", address, asked.pictures)
    return browser(npm, "checks.mjs", address, "--hour", asked.hour, "--only", asked.only)


if __name__ == "__main__":
    sys.exit(main())
