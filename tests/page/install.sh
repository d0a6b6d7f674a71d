#!/bin/sh
# tests/page/install.sh: installs playwright-core, as package-lock.json says, into FOLDER. The registry is asked only if it isn't there yet.
# It drives Debian's chromium; no browser is fetched.
# usage: tests/page/install.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
if ! cmp -s "$here/package-lock.json" package-lock.json || [ ! -f node_modules/playwright-core/package.json ]; then
    cp "$here/package.json" "$here/package-lock.json" .
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || {
        rm -f package-lock.json
        echo "playwright-core could not be installed: npm needs its registry for that, once." >&2
        exit 1
    }
fi
