/* tests/bench/publish_paho.c: publishes by Paho C's asynchronous client; a further argument is the folder of its file
 * persistence. The window is filled again from within the callback. Not here: the comparison (run.py). */
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdbool.h>

#include "tests/bench/measure.h"

static struct bench_arguments how;
static char* payload;
static MQTTAsync client;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool connected = false;
static bool marked = false; /* QoS 0: the message of QoS 1 behind the last was sent */
static long sent = 0;
static long done = 0;

static void must(int result, const char* what) {
    if (result == MQTTASYNC_SUCCESS) return;
    fprintf(stderr, "%s: %s (%d)\n", what, MQTTAsync_strerror(result), result);
    exit(1);
}

static void on_done(void);
static void on_sent(void* context, MQTTAsync_successData* result) {
    (void)context;
    (void)result;
    on_done();
}
static void on_sent_5(void* context, MQTTAsync_successData5* result) {
    (void)context;
    (void)result;
    on_done();
}
static void on_failure(void* context, MQTTAsync_failureData* result) {
    (void)context;
    fprintf(stderr, "failed: %d\n", result ? result->code : 0);
    exit(1);
}
static void on_failure_5(void* context, MQTTAsync_failureData5* result) {
    (void)context;
    fprintf(stderr, "failed: %d\n", result ? result->code : 0);
    exit(1);
}

static void publish(int size, int qos) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    message.payload = payload;
    message.payloadlen = size;
    message.qos = qos;
    if (how.version == 5) {
        response.onSuccess5 = on_sent_5;
        response.onFailure5 = on_failure_5;
    } else {
        response.onSuccess = on_sent;
        response.onFailure = on_failure;
    }
    must(MQTTAsync_sendMessage(client, bench_topic, &message, &response), "publish");
}

/* The next message to send; 0: none now, 1: one more, 2: the mark. */
static int take(void) {
    int next = 0;
    pthread_mutex_lock(&mutex);
    if (sent < how.messages && sent - done < how.window) {
        ++sent;
        next = 1;
    } else if (how.qos == 0 && sent == how.messages && !marked) {
        marked = true;
        next = 2;
    }
    pthread_mutex_unlock(&mutex);
    return next;
}

static void fill(void) {
    for (int next = take(); next != 0; next = take()) publish(next == 1 ? how.size : 0, next == 1 ? how.qos : 1);
}

static void on_done(void) {
    pthread_mutex_lock(&mutex);
    ++done;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    fill();
}

static void note_connected(void) {
    pthread_mutex_lock(&mutex);
    connected = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
}
static void on_connected(void* context, MQTTAsync_successData* result) {
    (void)context;
    (void)result;
    note_connected();
}
static void on_connected_5(void* context, MQTTAsync_successData5* result) {
    (void)context;
    (void)result;
    note_connected();
}

static void connect_and_wait(void) {
    MQTTAsync_connectOptions plain = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions fifth = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions* options = how.version == 5 ? &fifth : &plain;
    options->maxInflight = how.window;
    if (how.version == 5) {
        options->cleanstart = 1;
        options->onSuccess5 = on_connected_5;
        options->onFailure5 = on_failure_5;
    } else {
        options->cleansession = 1;
        options->MQTTVersion = MQTTVERSION_3_1_1;
        options->onSuccess = on_connected;
        options->onFailure = on_failure;
    }
    must(MQTTAsync_connect(client, options), "connect");
    pthread_mutex_lock(&mutex);
    while (!connected) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

int main(int count, char** words) {
    how = bench_read_arguments(count, words);
    payload = bench_payload(how.size);
    char* folder = count > how.more ? words[how.more] : NULL;
    char address[64];
    snprintf(address, sizeof address, "tcp://127.0.0.1:%d", how.port);
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    if (how.version == 5) options.MQTTVersion = MQTTVERSION_5;
    options.maxBufferedMessages = 2 * how.window;
    must(MQTTAsync_createWithOptions(&client, address, "bench-paho",
                                     folder ? MQTTCLIENT_PERSISTENCE_DEFAULT : MQTTCLIENT_PERSISTENCE_NONE, folder, &options),
         "create");
    connect_and_wait();
    const struct bench_times start = bench_now();
    const long all = how.messages + (how.qos == 0 ? 1 : 0);
    fill();
    pthread_mutex_lock(&mutex);
    while (done < all) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    bench_report(start);
    return 0; /* the system takes the rest */
}
