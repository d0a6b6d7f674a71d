// tests/bench/publish_mqttjs.mjs: publishes by MQTT.js; arguments and output as in measure.h.
// Not here: the comparison (run.py).
import mqtt from 'mqtt';

const [port, version, qos, messages, window, size] = process.argv.slice(2).map(Number);
const topic = 'plant7/boiler/supply';
const payload = Buffer.alloc(size, 'x');
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
  protocolVersion: version === 5 ? 5 : 4,
  clientId: 'bench-mqttjs',
  reconnectPeriod: 0,
});

let sent = 0;
let done = 0;
let marked = false;
let filling = false;
let start;

function fail(error) {
  console.error(String(error));
  process.exit(1);
}

function report() {
  const seconds = Number(process.hrtime.bigint() - start.clock) / 1e9;
  const used = process.cpuUsage(start.processor);
  console.log(`${seconds.toFixed(6)} ${((used.user + used.system) / 1e6).toFixed(6)}`);
  process.exit(0);
}

function onDone(error) {
  if (error) fail(error);
  done += 1;
  if (qos > 0 && done === messages) return report();
  fill();
}

// At QoS 0 a callback may come before publish() returns.
function fill() {
  if (filling) return;
  filling = true;
  while (sent < messages && sent - done < window) {
    sent += 1;
    client.publish(topic, payload, { qos }, onDone);
  }
  filling = false;
  if (qos === 0 && sent === messages && !marked) {
    marked = true;
    client.publish(topic, '', { qos: 1 }, (error) => (error ? fail(error) : report()));
  }
}

client.on('error', fail);
client.on('connect', () => {
  start = { clock: process.hrtime.bigint(), processor: process.cpuUsage() };
  fill();
});
