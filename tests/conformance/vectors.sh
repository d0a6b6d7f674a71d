#!/bin/sh
# tests/conformance/vectors.sh: installs mqtt-packet, as package-lock.json says, and writes its test data as FOLDER/vectors.json.
# The registry is asked only if what the lock names isn't there yet.
# usage: tests/conformance/vectors.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
if ! cmp -s "$here/package-lock.json" package-lock.json || [ ! -f node_modules/mqtt-packet/test.js ]; then
    cp "$here/package.json" "$here/package-lock.json" .
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || {
        rm -f package-lock.json
        echo "mqtt-packet could not be installed: npm needs its registry for that, once." >&2
        exit 1
    }
fi
node "$here/vectors.mjs" . >vectors.json.new
mv vectors.json.new vectors.json
