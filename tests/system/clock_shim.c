/* tests/system/clock_shim.c: preloaded into a program, it makes its wall clock and what the system says of it whatever a file
 * says, so that a test can be a board with a bad clock on a machine with a good one. Steady clocks stay as they are. The file,
 * named by CLOCK_SHIM, holds three numbers: milliseconds to add to the wall clock; what the kernel says of it (1 synchronised, 0
 * not, -1 may not be asked); whether systemd-timesyncd has set it (1 or 0). It is read at each call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct told {
    long long offset_ms;
    int kernel;
    int timesyncd;
};

static struct told ask(void) {
    struct told found = {0, 0, 0};
    char text[100] = "";
    const char* path = getenv("CLOCK_SHIM");
    const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) <= 0 ||
        sscanf(text, "%lld %d %d", &found.offset_ms, &found.kernel, &found.timesyncd) != 3)
        abort(); /* a test that doesn't say what it wants */
    close(file);
    return found;
}

int clock_gettime(clockid_t which, struct timespec* now) {
    if (syscall(SYS_clock_gettime, which, now) != 0) return -1;
    if (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE) return 0;
    const long long offset_ms = ask().offset_ms;
    now->tv_sec += (time_t)(offset_ms / 1000);
    now->tv_nsec += (long)(offset_ms % 1000) * 1000000;
    if (now->tv_nsec < 0) now->tv_nsec += 1000000000, --now->tv_sec;
    if (now->tv_nsec >= 1000000000) now->tv_nsec -= 1000000000, ++now->tv_sec;
    return 0;
}

int adjtimex(struct timex* state) {
    const int kernel = ask().kernel;
    if (kernel < 0) {
        errno = EPERM;
        return -1;
    }
    memset(state, 0, sizeof *state);
    state->status = kernel ? 0 : STA_UNSYNC;
    return kernel ? TIME_OK : TIME_ERROR;
}

int access(const char* path, int how) {
    if (strcmp(path, "/run/systemd/timesync/synchronized") != 0) return faccessat(AT_FDCWD, path, how, 0);
    if (ask().timesyncd) return 0;
    errno = ENOENT;
    return -1;
}
