/* tests/system/hang_shim.c: preloaded into the gateway: the thread of the bus "hung" never comes back from sending, once the file
 * named in HANG_FILE is there. Not here: the watching (service_test.py). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void hang_if_asked(void) {
    char name[16] = "";
    const char* file = getenv("HANG_FILE");
    if (file == NULL || pthread_getname_np(pthread_self(), name, sizeof name) != 0 || strcmp(name, "bus hung") != 0) return;
    while (access(file, F_OK) == 0) pause();
}

ssize_t send(int socket, const void* bytes, size_t size, int flags) {
    ssize_t (*real)(int, const void*, size_t, int) = NULL;
    *(void**)&real = dlsym(RTLD_NEXT, "send");
    hang_if_asked();
    return real(socket, bytes, size, flags);
}
