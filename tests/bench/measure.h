/* tests/bench/measure.h: what every publisher of the benchmark takes as arguments, and the one line that it prints.
 * Not here: any client. Plain C, read by C++ too. */
#ifndef TIDEGATE_BENCH_MEASURE_H
#define TIDEGATE_BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char bench_topic[] = "plant7/boiler/supply";

struct bench_arguments {
    int port;
    int version; /* 3: 3.1.1; 5 */
    int qos;
    long messages;
    int window; /* messages in flight */
    int size;   /* bytes of payload */
    int more;   /* index of the first argument that only this publisher takes */
};

static inline struct bench_arguments bench_read_arguments(int count, char** words) {
    struct bench_arguments a;
    if (count < 7) {
        fprintf(stderr, "usage: %s PORT 3|5 QOS MESSAGES WINDOW SIZE ...\n", words[0]);
        exit(2);
    }
    a.port = atoi(words[1]);
    a.version = atoi(words[2]);
    a.qos = atoi(words[3]);
    a.messages = atol(words[4]);
    a.window = atoi(words[5]);
    a.size = atoi(words[6]);
    a.more = 7;
    return a;
}

static inline char* bench_payload(int size) {
    char* payload = (char*)malloc((size_t)size + 1);
    memset(payload, 'x', (size_t)size);
    payload[size] = '\0';
    return payload;
}

/* Seconds: of the clock, and of this process on a processor. */
struct bench_times {
    double clock;
    double processor;
};

static inline struct bench_times bench_now(void) {
    struct timespec clock;
    struct rusage used;
    struct bench_times now;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    getrusage(RUSAGE_SELF, &used);
    now.clock = (double)clock.tv_sec + (double)clock.tv_nsec / 1e9;
    now.processor =
        (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    return now;
}

/* From connected to the last acknowledgement: the clock's and the processor's seconds. */
static inline void bench_report(struct bench_times since) {
    const struct bench_times now = bench_now();
    printf("%.6f %.6f\n", now.clock - since.clock, now.processor - since.processor);
    fflush(stdout);
}

#endif
