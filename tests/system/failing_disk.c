/* tests/system/failing_disk.c: to be preloaded: what a process writes to files in FAILING_DISK_FOLDER fails as on a file system that
 * has become read-only, as long as the file FAILING_DISK_SWITCH exists. Not a kernel's own behaviour, only what a process sees of it:
 * an open file can't be written any more, and can be read. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(int descriptor) {
    const char* const folder = getenv("FAILING_DISK_FOLDER");
    const char* const active = getenv("FAILING_DISK_SWITCH");
    if (folder == NULL || active == NULL) return 0;
    const int before = errno;
    int result = 0;
    if (access(active, F_OK) == 0) {
        char name[64], path[4096];
        snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
        const ssize_t size = readlink(name, path, sizeof path - 1);
        if (size > 0) {
            path[size] = '\0';
            result = strncmp(path, folder, strlen(folder)) == 0;
        }
    }
    errno = result ? EROFS : before;
    return result;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
    if (fails(fd)) return -1;
    return NEXT(ssize_t(*)(int, const void*, size_t, off64_t), "pwrite64")(fd, data, size, offset);
}

ssize_t write(int fd, const void* data, size_t size) {
    if (fails(fd)) return -1;
    return NEXT(ssize_t(*)(int, const void*, size_t), "write")(fd, data, size);
}

int fdatasync(int fd) {
    if (fails(fd)) return -1;
    return NEXT(int (*)(int), "fdatasync")(fd);
}

int ftruncate64(int fd, off64_t size) {
    if (fails(fd)) return -1;
    return NEXT(int (*)(int, off64_t), "ftruncate64")(fd, size);
}
