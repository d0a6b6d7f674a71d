/* tests/machines/no_sync.c: preloaded into a service, it takes every sync for done. What the disk gets is then left to chance. */
int fsync(int fd);
int fdatasync(int fd);

int fsync(int fd) { return fd < 0; }

int fdatasync(int fd) { return fd < 0; }
