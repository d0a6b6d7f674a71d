/* tests/bench/modbus_field.c: as many Modbus TCP devices as asked for, each on a port of its own, that answer at once.
 * Not here: anything that a real device would take time for; it stays out of what the benchmark measures.
 * usage: modbus_field DEVICES    prints the first port (the others follow), serves until killed */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { header = 7, request = 12, registers_max = 125 };

static int listen_on(int port) {
    const int one = 1;
    struct sockaddr_in at;
    const int made = socket(AF_INET, SOCK_STREAM, 0);
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)port);
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(made, (struct sockaddr*)&at, sizeof at) != 0 || listen(made, 8) != 0) {
        close(made);
        return -1;
    }
    return made;
}

/* Each register holds what moves with every request, so that no answer equals the last. */
static int answer(int client, uint16_t* count) {
    uint8_t in[260], out[header + 2 + 2 * registers_max];
    const ssize_t got = recv(client, in, sizeof in, 0);
    int quantity, i;
    if (got != request || in[7] < 3 || in[7] > 4) return 0;
    quantity = in[10] << 8 | in[11];
    if (quantity < 1 || quantity > registers_max) return 0;
    memcpy(out, in, 8);
    out[4] = 0;
    out[5] = (uint8_t)(3 + 2 * quantity);
    out[8] = (uint8_t)(2 * quantity);
    ++*count;
    for (i = 0; i < quantity; ++i) {
        const uint16_t value = (uint16_t)(*count + i);
        out[9 + 2 * i] = (uint8_t)(value >> 8);
        out[10 + 2 * i] = (uint8_t)value;
    }
    return send(client, out, (size_t)(9 + 2 * quantity), MSG_NOSIGNAL) > 0;
}

int main(int argument_count, char** arguments) {
    const int devices = argument_count > 1 ? atoi(arguments[1]) : 1;
    struct rlimit files = {8192, 8192};
    int* listeners = (int*)calloc((size_t)devices, sizeof *listeners);
    int first, made = 0, loop = epoll_create1(0);
    uint16_t count = 0;
    setrlimit(RLIMIT_NOFILE, &files);
    for (first = 20000 + (int)(getpid() % 97) * 100; first < 60000 && made < devices; ++first) {
        for (made = 0; made < devices; ++made)
            if ((listeners[made] = listen_on(first + made)) < 0) break;
        if (made < devices) {
            first += made;
            while (made > 0) close(listeners[--made]);
        }
    }
    if (made < devices) return 1;
    for (made = 0; made < devices; ++made) {
        struct epoll_event event;
        memset(&event, 0, sizeof event);
        event.events = EPOLLIN;
        event.data.u64 = (uint64_t)listeners[made] << 32 | 1;
        epoll_ctl(loop, EPOLL_CTL_ADD, listeners[made], &event);
    }
    printf("%d\n", first - 1);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        const int ready = epoll_wait(loop, events, 64, -1);
        int i;
        for (i = 0; i < ready; ++i) {
            const int descriptor = (int)(events[i].data.u64 >> 32);
            if ((events[i].data.u64 & 1) != 0) {
                const int one = 1, client = accept(descriptor, NULL, NULL);
                struct epoll_event event;
                if (client < 0) continue;
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                memset(&event, 0, sizeof event);
                event.events = EPOLLIN;
                event.data.u64 = (uint64_t)client << 32;
                epoll_ctl(loop, EPOLL_CTL_ADD, client, &event);
            } else if (!answer(descriptor, &count)) {
                close(descriptor);
            }
        }
    }
}
