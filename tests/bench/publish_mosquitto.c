/* tests/bench/publish_mosquitto.c: publishes by libmosquitto on one thread, its fastest way: the window is filled again from
 * within the callback, so that what was queued there goes out in one turn of its loop. Not here: the comparison (run.py). */
#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/measure.h"

static struct bench_arguments how;
static char* payload;
static struct bench_times start;
static bool connected = false;
static bool marked = false; /* QoS 0: the message of QoS 1 behind the last was sent */
static long sent = 0;
static long done = 0;

static void must(int result, const char* what) {
    if (result == MOSQ_ERR_SUCCESS) return;
    fprintf(stderr, "%s: %s\n", what, mosquitto_strerror(result));
    exit(1);
}

static void fill(struct mosquitto* client) {
    while (sent < how.messages && sent - done < how.window) {
        ++sent;
        must(mosquitto_publish(client, NULL, bench_topic, how.size, payload, how.qos, false), "publish");
    }
    if (how.qos == 0 && sent == how.messages && !marked) {
        marked = true;
        must(mosquitto_publish(client, NULL, bench_topic, 0, NULL, 1, false), "publish");
    }
}

static void on_connect(struct mosquitto* client, void* context, int result) {
    (void)client;
    (void)context;
    must(result, "connect");
    connected = true;
}

static void on_publish(struct mosquitto* client, void* context, int id) {
    (void)context;
    (void)id;
    ++done;
    fill(client);
}

int main(int count, char** words) {
    how = bench_read_arguments(count, words);
    payload = bench_payload(how.size);
    mosquitto_lib_init();
    struct mosquitto* client = mosquitto_new("bench-mosquitto", true, NULL);
    must(mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, how.version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311),
         "version");
    must(mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, how.window), "window");
    must(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1), "nodelay");
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    must(mosquitto_connect(client, "127.0.0.1", how.port, 60), "connect");
    while (!connected) must(mosquitto_loop(client, 1000, 1), "loop");
    start = bench_now();
    const long all = how.messages + (how.qos == 0 ? 1 : 0);
    fill(client);
    while (done < all) must(mosquitto_loop(client, 1000, 1), "loop");
    bench_report(start);
    mosquitto_disconnect(client);
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    return 0;
}
