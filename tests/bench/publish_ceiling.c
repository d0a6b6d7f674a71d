/* tests/bench/publish_ceiling.c: how fast the broker takes messages at all: no client, but encoded packets in large writes, and
 * answers that are only counted. Three further arguments try sending patterns: how many places of the window must be free
 * before it is filled again (default: a quarter); how many microseconds to wait for half of the answers before it reads
 * what there is (default 500; 0: woken by each); and "alias" for a topic alias in place of the topic (MQTT 5).
 * Not here: a client; nothing is checked, and nothing would survive an error. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/measure.h"

enum { read_size = 65536, write_size = 1 << 17 };

static struct bench_arguments how;
static bool alias = false;
static long wait_microseconds = 500;
static int link_to_broker;
static unsigned char out[write_size];
static size_t out_size = 0;
static unsigned char in[read_size];
static size_t in_size = 0;
static unsigned char template[512];
static size_t template_size = 0;
static size_t identifier_at = 0;

static void must(bool holds, const char* what) {
    if (holds) return;
    perror(what);
    exit(1);
}

static void flush(void) {
    for (size_t at = 0; at < out_size;) {
        const ssize_t size = write(link_to_broker, out + at, out_size - at);
        must(size > 0, "write");
        at += (size_t)size;
    }
    out_size = 0;
}

static void add(const void* bytes, size_t size) {
    if (out_size + size > write_size) flush();
    memcpy(out + out_size, bytes, size);
    out_size += size;
}

static void connect_to_broker(void) {
    link_to_broker = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    must(setsockopt(link_to_broker, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t)how.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(connect(link_to_broker, (struct sockaddr*)&to, sizeof to) == 0, "connect");
    static const unsigned char fourth[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'c'};
    static const unsigned char fifth[] = {0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0, 0, 1, 'c'};
    how.version == 5 ? add(fifth, sizeof fifth) : add(fourth, sizeof fourth);
    flush();
    const ssize_t size = read(link_to_broker, in, sizeof in);
    must(size >= 4 && in[0] == 0x20 && in[3] == 0, "connack");
}

/* Both lengths take two bytes, whatever they are. */
static void make_template(int qos, int size, bool with_topic) {
    unsigned char body[512];
    size_t n = 0;
    const size_t topic = with_topic ? strlen(bench_topic) : 0;
    must(topic + (size_t)size + 32 < sizeof body, "size");
    body[n++] = 0;
    body[n++] = (unsigned char)topic;
    memcpy(body + n, bench_topic, topic);
    n += topic;
    const size_t identifier = n;
    if (qos > 0) n += 2;
    if (how.version == 5) {
        body[n++] = alias ? 3 : 0;
        if (alias) {
            body[n++] = 0x23;
            body[n++] = 0;
            body[n++] = 1;
        }
    }
    memset(body + n, 'x', (size_t)size);
    n += (size_t)size;
    template_size = 0;
    template[template_size++] = (unsigned char)(0x30 | qos << 1);
    if (n >= 128) template[template_size++] = (unsigned char)((n & 127) | 128);
    template[template_size++] = (unsigned char)(n >= 128 ? n >> 7 : n);
    identifier_at = template_size + identifier;
    memcpy(template + template_size, body, n);
    template_size += n;
}

static void add_publish(long number, int qos) {
    if (qos > 0) {
        const long identifier = 1 + number % 60000;
        template[identifier_at] = (unsigned char)(identifier >> 8);
        template[identifier_at + 1] = (unsigned char)identifier;
    }
    add(template, template_size);
}

/* Not woken until so many bytes are there, or the time is over. */
static void wait_for(int bytes) {
    if (wait_microseconds == 0 || bytes < 32) return;
    const int at_once = 1;
    struct pollfd readable = {link_to_broker, POLLIN, 0};
    const struct timespec most = {0, wait_microseconds * 1000};
    must(setsockopt(link_to_broker, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0, "setsockopt");
    must(ppoll(&readable, 1, &most, NULL) >= 0, "poll");
    must(setsockopt(link_to_broker, SOL_SOCKET, SO_RCVLOWAT, &at_once, sizeof at_once) == 0, "setsockopt");
}

/* Waits for answers; adds PUBRELs. Returns the messages that are done. */
static long take_answers(void) {
    const ssize_t size = read(link_to_broker, in + in_size, sizeof in - in_size);
    must(size > 0, "read");
    in_size += (size_t)size;
    long done = 0;
    size_t at = 0;
    while (in_size - at >= 2 && in_size - at >= 2u + in[at + 1]) {
        const unsigned char type = in[at] >> 4;
        if (type == 4 || type == 7) ++done;
        if (type == 5) {
            const unsigned char pubrel[] = {0x62, 2, in[at + 2], in[at + 3]};
            add(pubrel, sizeof pubrel);
        }
        at += 2u + in[at + 1];
    }
    memmove(in, in + at, in_size - at);
    in_size -= at;
    return done;
}

static void run_at_qos_0(void) {
    make_template(0, how.size, !alias);
    for (long i = 0; i < how.messages; ++i) add_publish(i, 0);
    make_template(1, 0, true);
    add_publish(0, 1);
    flush();
    while (take_answers() == 0) continue;
}

static void run(long free_places) {
    make_template(how.qos, how.size, !alias);
    long sent = 0;
    long done = 0;
    while (done < how.messages) {
        if (how.window - (sent - done) >= free_places || sent == done)
            for (; sent < how.messages && sent - done < how.window; ++sent) add_publish(sent, how.qos);
        flush();
        wait_for((int)(sent - done) / 2 * 4);
        done += take_answers();
    }
}

int main(int count, char** words) {
    how = bench_read_arguments(count, words);
    const long free_places = count > how.more ? atol(words[how.more]) : how.window / 4;
    if (count > how.more + 1) wait_microseconds = atol(words[how.more + 1]);
    alias = count > how.more + 2 && strcmp(words[how.more + 2], "alias") == 0;
    connect_to_broker();
    const struct bench_times start = bench_now();
    if (alias) { /* the first message binds it */
        make_template(0, 0, true);
        add_publish(0, 0);
    }
    how.qos == 0 ? run_at_qos_0() : run(free_places);
    bench_report(start);
    return 0;
}
