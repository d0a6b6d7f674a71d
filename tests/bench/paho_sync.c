/* tests/bench/paho_sync.c: preloaded into publish_paho, gives its file persistence what it lacks for a power cut: each file
 * that was written is synced when it is closed, and then its folder, so that its name is durable too.
 * Not here: removals; a file that comes back after a cut only has its message sent again. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void sync_folder_of(int file) {
    char link[64];
    char path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0 || path[0] != '/') return;
    path[size] = '\0';
    const int folder = open(dirname(path), O_RDONLY | O_DIRECTORY);
    if (folder < 0) return;
    if (fsync(folder) != 0) abort();
    close(folder);
}

int fclose(FILE* stream) {
    static int (*real)(FILE*) = NULL;
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "fclose");
    const int file = fileno(stream);
    const int mode = file < 0 ? -1 : fcntl(file, F_GETFL);
    if (mode >= 0 && (mode & O_ACCMODE) != O_RDONLY && fflush(stream) == 0 && fsync(file) == 0) sync_folder_of(file);
    return real(stream);
}
