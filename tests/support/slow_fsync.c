/* A disk whose fsync takes longer, for processes that preload this: by SLOW_FSYNC_MS, 5 where it is not set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void pause_first(void) {
    const char *set = getenv("SLOW_FSYNC_MS");
    double ms = set ? atof(set) : 5;
    struct timespec pause = {(time_t)(ms / 1000), 0};
    pause.tv_nsec = (long)(ms * 1000 * 1000) - pause.tv_sec * 1000 * 1000 * 1000;
    nanosleep(&pause, 0);
}

int fsync(int fd) {
    pause_first();
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return real(fd);
}

int fdatasync(int fd) {
    pause_first();
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return real(fd);
}
