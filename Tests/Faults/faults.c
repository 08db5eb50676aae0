// Counts the calls by which a process changes files under a folder, and lets one of them, or all from one on, fail. The
// tests compile it, and load it into the command with LD_PRELOAD. The environment says what happens:
//   FAULT_ROOT   the folder, as an absolute path
//   FAULT_AT     the number of the call, from 1; 0 only counts
//   FAULT_KIND   kill (the process ends before the call), torn (it ends after half of a write), short (half of a write
//                succeeds, once), eio, enospc (the call fails)
//   FAULT_UNTIL  the last call that fails; missing for only one
//   FAULT_LOG    a file that gets a line for each call: its number and name
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], kind[16];
static long at, until, count;
static int is_ready, log_to = -1;
static char watched[1024];

static void prepare(void) {
    if (is_ready) return;
    is_ready = 1;
    const char *text = getenv("FAULT_ROOT");
    if (!text) return;
    snprintf(root, sizeof root, "%s", text);
    text = getenv("FAULT_KIND");
    snprintf(kind, sizeof kind, "%s", text ? text : "kill");
    text = getenv("FAULT_AT");
    at = text ? atol(text) : 0;
    text = getenv("FAULT_UNTIL");
    until = text ? atol(text) : at;
    text = getenv("FAULT_LOG");
    if (text) log_to = REAL(open)(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int inside(const char *path) {
    prepare();
    if (!root[0] || !path) return 0;
    char absolute[2 * PATH_MAX];
    if (path[0] == '/') {
        snprintf(absolute, sizeof absolute, "%s", path);
    } else {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(absolute, sizeof absolute, "%s/%s", here, path);
    }
    size_t length = strlen(root);
    return !strncmp(absolute, root, length) && (absolute[length] == '/' || !absolute[length]);
}

static int known(int descriptor) {
    return descriptor >= 0 && descriptor < (int)sizeof watched && watched[descriptor];
}

enum { PASS, FAIL, HALF, HALF_THEN_END };

// What happens to the next call.
static int next(const char *name, int writes) {
    pthread_mutex_lock(&guard);
    long number = ++count;
    pthread_mutex_unlock(&guard);
    if (log_to >= 0) dprintf(log_to, "%ld %s\n", number, name);
    if (!at || number < at || number > until) return PASS;
    if (!strcmp(kind, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(kind, "torn")) {
        if (writes) return HALF_THEN_END;
        kill(getpid(), SIGKILL);
    }
    if (!strcmp(kind, "short")) return writes ? HALF : PASS;
    errno = !strcmp(kind, "enospc") ? ENOSPC : EIO;
    return FAIL;
}

static int watch(int descriptor, int is_inside) {
    if (descriptor >= 0 && descriptor < (int)sizeof watched) watched[descriptor] = is_inside;
    return descriptor;
}

#define OPEN(name)                                                                                  \
    int name(const char *path, int flags, ...) {                                                    \
        va_list list;                                                                               \
        va_start(list, flags);                                                                      \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                     \
        va_end(list);                                                                               \
        int writes = (flags & O_ACCMODE) != O_RDONLY && inside(path);                               \
        if (writes && next("open", 0) == FAIL) return -1;                                           \
        /* A folder is opened to flush it. */                                                       \
        int is_folder = (flags & O_DIRECTORY) && inside(path);                                      \
        /* Nothing depends on what happens to an open lock. */                                      \
        int is_lock = strlen(path) > 6 && !strcmp(path + strlen(path) - 6, "/.lock");               \
        return watch(REAL(name)(path, flags, mode), (writes && !is_lock) || is_folder);             \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int descriptor, const void *bytes, size_t size) {
    if (known(descriptor)) {
        int what = next("write", 1);
        if (what == FAIL) return -1;
        if (what == HALF) size = (size + 1) / 2;
        if (what == HALF_THEN_END) {
            REAL(write)(descriptor, bytes, size / 2);
            kill(getpid(), SIGKILL);
        }
    }
    return REAL(write)(descriptor, bytes, size);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
    if (known(descriptor) && next("pwrite", 0) == FAIL) return -1;
    return REAL(pwrite)(descriptor, bytes, size, offset);
}

int fsync(int descriptor) {
    if (known(descriptor) && next("fsync", 0) == FAIL) return -1;
    return REAL(fsync)(descriptor);
}

int ftruncate(int descriptor, off_t size) {
    if (known(descriptor) && next("ftruncate", 0) == FAIL) return -1;
    return REAL(ftruncate)(descriptor, size);
}

int close(int descriptor) {
    int fails = known(descriptor) && next("close", 0) == FAIL;
    int reason = errno;
    watch(descriptor, 0);
    int result = REAL(close)(descriptor);
    if (fails) errno = reason;
    return fails ? -1 : result;
}

int rename(const char *from, const char *to) {
    if (inside(to) && next("rename", 0) == FAIL) return -1;
    return REAL(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (inside(path) && next("mkdir", 0) == FAIL) return -1;
    return REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
    if (inside(path) && next("unlink", 0) == FAIL) return -1;
    return REAL(unlink)(path);
}
