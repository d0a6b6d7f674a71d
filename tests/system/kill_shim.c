/* tests/system/kill_shim.c: preloaded into a gateway under test, counts its writes, syncs and sends, and kills it by SIGKILL at
 * the one that it is told: before the call, in its middle or after it.
 * Not here: what is killed when (killed_life.py). What it is told and tells is in a page of memory that both map.
 *
 * TIDEGATE_KILL_PAGE   the file that holds the page, laid out as struct page
 * TIDEGATE_KILL_FILES  counted are calls on files whose path begins with this
 * TIDEGATE_KILL_PORT   and on sockets whose peer has this port
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum phase { before_call = 0, in_middle = 1, after_call = 2 };

struct page {
    uint64_t count;   /* of counted calls so far */
    uint64_t kill_at; /* the call to die at; 0: never. May be written while the process runs. */
    uint32_t phase;
    uint32_t dead; /* 1: died here; the phase that it was is in `phase` (a call without a middle is killed before it) */
    char call[32]; /* the call that it died at, and on what */
    char object[32];
};

static struct page* shared;
static const char* files;
static size_t files_length;
static int port;

static ssize_t (*real_write)(int, const void*, size_t);
static ssize_t (*real_pwrite)(int, const void*, size_t, off64_t);
static ssize_t (*real_writev)(int, const struct iovec*, int);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fallocate)(int, off64_t, off64_t);
static int (*real_unlink)(const char*);
static int (*real_rename)(const char*, const char*);
static ssize_t (*real_send)(int, const void*, size_t, int);
static ssize_t (*real_sendmsg)(int, const struct msghdr*, int);

/* ISO C has no cast between the pointers of dlsym and those of functions. */
static void find(const char* name, void* real) {
    void* const found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    memcpy(real, &found, sizeof found);
}

static const char* needed(const char* name) {
    const char* value = getenv(name);
    if (value == NULL) abort();
    return value;
}

__attribute__((constructor)) static void begin(void) {
    find("write", &real_write);
    find("pwrite64", &real_pwrite);
    find("writev", &real_writev);
    find("fdatasync", &real_fdatasync);
    find("fsync", &real_fsync);
    find("ftruncate64", &real_ftruncate);
    find("posix_fallocate64", &real_fallocate);
    find("unlink", &real_unlink);
    find("rename", &real_rename);
    find("send", &real_send);
    find("sendmsg", &real_sendmsg);
    files = needed("TIDEGATE_KILL_FILES");
    files_length = strlen(files);
    port = atoi(needed("TIDEGATE_KILL_PORT"));
    const int fd = open(needed("TIDEGATE_KILL_PAGE"), O_RDWR | O_CLOEXEC);
    void* mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) abort();
    close(fd);
    shared = mapped;
}

/* Path "/folder/queue.db-wal" is object "-wal" of the files "/folder/queue.db"; anything else is none. */
static const char* object_of(const char* path) {
    if (shared == NULL || strncmp(path, files, files_length) != 0) return NULL;
    return path[files_length] == '\0' ? "db" : path + files_length;
}

static int is_folder_of_files(const char* path) {
    const size_t length = strlen(path);
    return length < files_length && strncmp(path, files, length) == 0 && strchr(files + length + 1, '/') == NULL;
}

static const char* file_of(int fd, char* path, size_t size) {
    if (shared == NULL) return NULL;
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return NULL;
    path[length] = '\0';
    return is_folder_of_files(path) ? "folder" : object_of(path);
}

static const char* peer_of(int fd) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    if (shared == NULL || getpeername(fd, (struct sockaddr*)&peer, &size) != 0) return NULL;
    return peer.sin_family == AF_INET && ntohs(peer.sin_port) == port ? "broker" : NULL;
}

static void die(const char* call, const char* object, enum phase when) {
    shared->phase = when;
    snprintf(shared->call, sizeof shared->call, "%s", call);
    snprintf(shared->object, sizeof shared->object, "%s", object);
    shared->dead = 1;
    for (;;) kill(getpid(), SIGKILL);
}

/* Counts a call. Returns 1 if this is the one to die at, and the way isn't "before". `object` null: not of interest. */
static int counts(const char* call, const char* object, int has_middle) {
    if (object == NULL) return 0;
    const uint64_t n = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    if (n != __atomic_load_n(&shared->kill_at, __ATOMIC_SEQ_CST)) return 0;
    if (shared->phase == before_call || (shared->phase == in_middle && !has_middle)) die(call, object, before_call);
    return 1;
}

/* Dies after a call, done as a whole or in half. */
static void die_done(const char* call, const char* object) { die(call, object, shared->phase); }

static size_t part_of(size_t size) { return shared->phase == in_middle ? size / 2 : size; }

ssize_t write(int fd, const void* data, size_t size) {
    char path[4096];
    const char* object = fd == STDERR_FILENO ? NULL : file_of(fd, path, sizeof path);
    if (object == NULL) object = peer_of(fd);
    if (counts("write", object, 1)) {
        real_write(fd, data, part_of(size));
        die_done("write", object);
    }
    return real_write(fd, data, size);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
    char path[4096];
    const char* object = file_of(fd, path, sizeof path);
    if (counts("pwrite", object, 1)) {
        real_pwrite(fd, data, part_of(size), at);
        die_done("pwrite", object);
    }
    return real_pwrite(fd, data, size, at);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

static size_t total_of(const struct iovec* parts, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; ++i) total += parts[i].iov_len;
    return total;
}

/* Copies as many of `parts` as make up `size` bytes; returns how many. */
static size_t first_bytes(const struct iovec* parts, size_t count, size_t size, struct iovec* to, size_t room) {
    size_t made = 0;
    for (; made < count && made < room && size > 0; ++made) {
        to[made] = parts[made];
        if (to[made].iov_len > size) to[made].iov_len = size;
        size -= to[made].iov_len;
    }
    return made;
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
    char path[4096];
    const char* object = file_of(fd, path, sizeof path);
    if (object == NULL) object = peer_of(fd);
    if (counts("writev", object, 1)) {
        struct iovec some[64];
        const size_t all = total_of(parts, (size_t)count);
        real_writev(fd, some, (int)first_bytes(parts, (size_t)count, part_of(all), some, 64));
        die_done("writev", object);
    }
    return real_writev(fd, parts, count);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
    const char* object = peer_of(fd);
    if (counts("send", object, 1)) {
        real_send(fd, data, part_of(size), flags);
        die_done("send", object);
    }
    return real_send(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr* what, int flags) {
    const char* object = peer_of(fd);
    if (counts("sendmsg", object, 1)) {
        struct iovec some[64];
        struct msghdr part = *what;
        const size_t all = total_of(what->msg_iov, what->msg_iovlen);
        part.msg_iovlen = first_bytes(what->msg_iov, what->msg_iovlen, part_of(all), some, 64);
        part.msg_iov = some;
        real_sendmsg(fd, &part, flags);
        die_done("sendmsg", object);
    }
    return real_sendmsg(fd, what, flags);
}

int fdatasync(int fd) {
    char path[4096];
    const char* object = file_of(fd, path, sizeof path);
    const int dies = counts("fdatasync", object, 0);
    const int result = real_fdatasync(fd);
    if (dies) die_done("fdatasync", object);
    return result;
}

int fsync(int fd) {
    char path[4096];
    const char* object = file_of(fd, path, sizeof path);
    const int dies = counts("fsync", object, 0);
    const int result = real_fsync(fd);
    if (dies) die_done("fsync", object);
    return result;
}

int ftruncate64(int fd, off64_t size) {
    char path[4096];
    const char* object = file_of(fd, path, sizeof path);
    const int dies = counts("ftruncate", object, 0);
    const int result = real_ftruncate(fd, size);
    if (dies) die_done("ftruncate", object);
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int posix_fallocate64(int fd, off64_t at, off64_t size) {
    char path[4096];
    const char* object = file_of(fd, path, sizeof path);
    const int dies = counts("fallocate", object, 0);
    const int result = real_fallocate(fd, at, size);
    if (dies) die_done("fallocate", object);
    return result;
}

int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

int unlink(const char* path) {
    const char* object = object_of(path);
    const int dies = counts("unlink", object, 0);
    const int result = real_unlink(path);
    if (dies) die_done("unlink", object);
    return result;
}

int rename(const char* from, const char* to) {
    const char* object = object_of(from);
    const int dies = counts("rename", object, 0);
    const int result = real_rename(from, to);
    if (dies) die_done("rename", object);
    return result;
}
