/* Writes down, in one order for all processes that preload this, what they do to the files below DISK_TRACE_ROOT.

   The record goes to DISK_TRACE_FILE: trace.py reads it, disk.py replays it. The lock on that file is held over the
   call itself and its record, so that the order of records is the order of effects. What could change a file in a
   way that is not recorded leaves an 'x', and the replay refuses the trace. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct header {
    uint32_t op, first, second, unused;
    uint64_t inode;
    int64_t at;
};

static char root[PATH_MAX];
static int trace = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("DISK_TRACE_ROOT"), *file = getenv("DISK_TRACE_FILE");
    if (!directory || !file) return;
    snprintf(root, sizeof root, "%s", directory);
    trace = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void lock(void) {
    pthread_mutex_lock(&mutex);
    while (trace >= 0 && syscall(SYS_flock, trace, LOCK_EX) && errno == EINTR) {}
}

static void unlock(void) {
    int kept = errno;
    if (trace >= 0) syscall(SYS_flock, trace, LOCK_UN);
    pthread_mutex_unlock(&mutex);
    errno = kept;
}

static void put(int op, uint64_t inode, int64_t at, const void *first, size_t length, const char *second) {
    struct header header = {op, length, second ? strlen(second) : 0, 0, inode, at};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)first, length}, {(void *)second, header.second}};
    int kept = errno;
    if ((size_t)syscall(SYS_writev, trace, parts, 3) != sizeof header + length + header.second) abort();
    errno = kept;
}

static int below_root(const char *path) {
    size_t length = strlen(root);
    return trace >= 0 && strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

/* The absolute path that a call names; 1 where it lies below the root. */
static int place(int at, const char *path, char *into) {
    char link[64], base[PATH_MAX];
    if (path[0] == '/') {
        snprintf(into, PATH_MAX, "%s", path);
        return below_root(into);
    }
    snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
    if (length < 0) return 0;
    base[length] = 0;
    if (snprintf(into, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    return below_root(into);
}

static int place_of(int fd, char *into, struct stat *found) {
    char link[64];
    if (trace < 0 || fd == trace) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, into, PATH_MAX - 1);
    if (length < 0) return 0;
    into[length] = 0;
    return below_root(into) && fstat(fd, found) == 0;
}

static void name(int op, const char *path, uint64_t inode) { put(op, inode, 0, path, strlen(path), 0); }

static int opened(int at, const char *path, int flags, mode_t mode) {
    char where[PATH_MAX];
    struct stat found;
    if (!(flags & (O_CREAT | O_TRUNC)) || !place(at, path, where))
        return syscall(SYS_openat, at, path, flags, mode);
    lock();
    int new = fstatat(at, path, &found, 0) != 0;
    int fd = syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fstat(fd, &found) == 0) {
        if ((flags & O_TMPFILE) == O_TMPFILE) name('x', where, 0);
        else if (new) name('c', where, found.st_ino);
        else if (flags & O_TRUNC) put('t', found.st_ino, 0, 0, 0, 0);
    }
    unlock();
    return fd;
}

static mode_t mode_in(int flags, va_list arguments) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, unsigned) : 0;
}

#define OPEN(symbol)                                    \
    int symbol(const char *path, int flags, ...) {      \
        va_list more;                                   \
        va_start(more, flags);                          \
        mode_t mode = mode_in(flags, more);             \
        va_end(more);                                   \
        return opened(AT_FDCWD, path, flags, mode);     \
    }
#define OPENAT(symbol)                                      \
    int symbol(int at, const char *path, int flags, ...) {  \
        va_list more;                                       \
        va_start(more, flags);                              \
        mode_t mode = mode_in(flags, more);                 \
        va_end(more);                                       \
        return opened(at, path, flags, mode);               \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static void written(int fd, const void *data, ssize_t length, off_t at) {
    char where[PATH_MAX];
    struct stat found;
    if (length > 0 && place_of(fd, where, &found) && S_ISREG(found.st_mode))
        put('w', found.st_ino, at < 0 ? lseek(fd, 0, SEEK_CUR) - length : at, data, length, 0);
}

ssize_t write(int fd, const void *data, size_t length) {
    struct stat found;
    char where[PATH_MAX];
    /* A pipe may keep a writer waiting: the lock is for files. */
    if (!place_of(fd, where, &found)) return syscall(SYS_write, fd, data, length);
    lock();
    ssize_t done = syscall(SYS_write, fd, data, length);
    written(fd, data, done, -1);
    unlock();
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    lock();
    ssize_t done = syscall(SYS_pwrite64, fd, data, length, at);
    written(fd, data, done, at);
    unlock();
    return done;
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return pwrite(fd, data, length, at); }

static int resized(int fd, off_t size) {
    char where[PATH_MAX];
    struct stat found;
    lock();
    int failed = syscall(SYS_ftruncate, fd, size);
    if (!failed && place_of(fd, where, &found)) put('t', found.st_ino, size, 0, 0, 0);
    unlock();
    return failed;
}
int ftruncate(int fd, off_t size) { return resized(fd, size); }
int ftruncate64(int fd, off64_t size) { return resized(fd, size); }

static int synced(int call, int fd) {
    char where[PATH_MAX];
    struct stat found;
    lock();
    int failed = syscall(call, fd);
    if (!failed && place_of(fd, where, &found))
        put(S_ISDIR(found.st_mode) ? 'S' : 's', found.st_ino, 0, where, strlen(where), 0);
    unlock();
    return failed;
}
int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }

static int two_names(int op, int from_at, const char *from, int to_at, const char *to, int failed) {
    char old[PATH_MAX], new[PATH_MAX];
    int from_ours = place(from_at, from, old), to_ours = place(to_at, to, new);
    if (!failed && (from_ours || to_ours)) put(from_ours && to_ours ? op : 'x', 0, 0, old, strlen(old), new);
    unlock();
    return failed;
}
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    lock();
    return two_names(flags & ~1u ? 'x' : 'r', from_at, from, to_at, to,
                     syscall(SYS_renameat2, from_at, from, to_at, to, flags));
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    lock();
    return two_names('l', from_at, from, to_at, to, syscall(SYS_linkat, from_at, from, to_at, to, flags));
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags) {
    char where[PATH_MAX];
    lock();
    int ours = place(at, path, where);
    int failed = syscall(SYS_unlinkat, at, path, flags);
    if (!failed && ours) name('u', where, 0);
    unlock();
    return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode) {
    char where[PATH_MAX];
    lock();
    int failed = syscall(SYS_mkdirat, at, path, mode);
    if (!failed && place(at, path, where)) name('d', where, 0);
    unlock();
    return failed;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* What the replay does not know: told, never passed over. */
static void unknown(int fd, const char *call) {
    char where[PATH_MAX];
    struct stat found;
    lock();
    if (place_of(fd, where, &found) && S_ISREG(found.st_mode)) put('x', 0, 0, where, strlen(where), call);
    unlock();
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t at) {
    if (fd >= 0 && flags & MAP_SHARED && protection & PROT_WRITE) unknown(fd, "mmap");
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, at);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t at) {
    return mmap(address, length, protection, flags, fd, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    unknown(fd, "writev");
    return syscall(SYS_writev, fd, parts, count);
}
int fallocate(int fd, int mode, off_t at, off_t length) {
    unknown(fd, "fallocate");
    return syscall(SYS_fallocate, fd, mode, at, length);
}
int posix_fallocate(int fd, off_t at, off_t length) { return fallocate(fd, 0, at, length) ? errno : 0; }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return posix_fallocate(fd, at, length); }
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    unknown(to, "sendfile");
    return syscall(SYS_sendfile, to, from, at, length);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) { return sendfile(to, from, at, length); }
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
    unknown(to, "copy_file_range");
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, length, flags);
}
