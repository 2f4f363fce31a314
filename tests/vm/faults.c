/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library to preload into nk: one call of it fails, the one that the environment names.
 *
 * In:  FAULT_MODE     hard    opens, writes, forks and the like fail with an error of theirs
 *                     memory  malloc, calloc, realloc have none
 *                     eintr   calls that a signal may interrupt are interrupted
 *                     short   reads and writes do a part of what was asked for
 *      FAULT_AT       which one, counted from 1; 0: none, calls are counted only
 *      FAULT_STICKY   1: all later calls of the same name fail, too
 *      FAULT_PROCESS  0: nk itself; N: the N-th process that it forks
 *      FAULT_LOG      where to write what was done
 * Out: lines in the log: "fault CALL FILE" for each failure, "count N" at the end of the process,
 * and "leak FD FILE" for a descriptor that nk has opened and not closed when it ends by itself.
 *
 * Writes to standard error do not fail: what nk has to say goes there.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum mode { MODE_NONE, MODE_HARD, MODE_MEMORY, MODE_EINTR, MODE_SHORT };

#define LOG_FD	   900
#define NAME_LIMIT 1024

static enum mode mode;
static long wanted, count;
static bool is_sticky;
static int process_wanted, process, forks;
static char sticky_call[32];
static char names[NAME_LIMIT][96];
static bool was_open[NAME_LIMIT];

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char line[256];
	va_list args;
	int saved = errno;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	syscall(SYS_write, LOG_FD, line, strlen(line));
	errno = saved;
}

static const char *name_of(int fd)
{
	return fd >= 0 && fd < NAME_LIMIT && names[fd][0] ? names[fd] : "-";
}

/*
 * All tasks are asked for their names, with the same three calls: those of the first few tell what
 * the others would.
 */
static bool is_repeated(const char *file)
{
	static int seen;

	return strncmp(file, "proc/", 5) == 0 && strchr("123456789", file[5]) && ++seen > 12;
}

/* Whether this call is the one; counts it in any case. */
static bool is_due(enum mode of, const char *call, const char *file)
{
	long number;

	if (mode != of || process != process_wanted || is_repeated(file))
		return false;
	number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	if (!wanted || number < wanted)
		return false;
	if (number > wanted && (!is_sticky || strcmp(call, sticky_call) != 0))
		return false;
	snprintf(sticky_call, sizeof(sticky_call), "%s", call);
	say("fault %s %s\n", call, file);
	return true;
}

static bool fails(const char *call, const char *file, int error)
{
	if (!is_due(MODE_HARD, call, file))
		return false;
	errno = error;
	return true;
}

static bool is_interrupted(const char *call, const char *file)
{
	if (!is_due(MODE_EINTR, call, file))
		return false;
	errno = EINTR;
	return true;
}

static bool has_no_memory(const char *call)
{
	if (!is_due(MODE_MEMORY, call, "-"))
		return false;
	errno = ENOMEM;
	return true;
}

/* What is written to tracefs is taken as a whole or not at all. */
static bool is_tracefs(int fd)
{
	struct statfs status;

	return fd >= 0 && syscall(SYS_fstatfs, fd, &status) == 0 && status.f_type == TRACEFS_MAGIC;
}

/* How much of it is done: no part of one byte can be. */
static size_t part_of(const char *call, int fd, size_t length)
{
	if (mode != MODE_SHORT || (strcmp(call, "write") == 0 && is_tracefs(fd)))
		return length;
	return length > 1 && is_due(MODE_SHORT, call, name_of(fd)) ? (length + 1) / 2 : length;
}

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int note_name(int fd, const char *path)
{
	if (fd >= 0 && fd < NAME_LIMIT)
		snprintf(names[fd], sizeof(names[fd]), "%s", path);
	return fd;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	return has_no_memory("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return has_no_memory("calloc") ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	return has_no_memory("realloc") ? NULL : __libc_realloc(old, size);
}

static int open_file(int dir_fd, const char *path, int flags, mode_t file_mode)
{
	if (fails("open", path, flags & O_CREAT ? ENOSPC : EMFILE))
		return -1;
	return note_name((int)syscall(SYS_openat, dir_fd, path, flags, file_mode), path);
}

static mode_t take_mode(int flags, va_list args)
{
	return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list args;                                                                      \
		va_start(args, flags);                                                             \
		mode_t file_mode = take_mode(flags, args);                                         \
		va_end(args);                                                                      \
		return open_file(AT_FDCWD, path, flags, file_mode);                                \
	}
#define OPENAT(name)                                                                               \
	int name(int dir_fd, const char *path, int flags, ...)                                     \
	{                                                                                          \
		va_list args;                                                                      \
		va_start(args, flags);                                                             \
		mode_t file_mode = take_mode(flags, args);                                         \
		va_end(args);                                                                      \
		return open_file(dir_fd, path, flags, file_mode);                                  \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

ssize_t read(int fd, void *data, size_t length)
{
	if (fails("read", name_of(fd), EIO) || is_interrupted("read", name_of(fd)))
		return -1;
	/* A ring buffer's page comes whole; what is not asked for would be lost. */
	if (!strstr(name_of(fd), "trace_pipe_raw"))
		length = part_of("read", fd, length);
	return REAL(read)(fd, data, length);
}

ssize_t write(int fd, const void *data, size_t length)
{
	if (fd != STDERR_FILENO) {
		if (fails("write", name_of(fd), ENOSPC) || is_interrupted("write", name_of(fd)))
			return -1;
		length = part_of("write", fd, length);
	}
	return REAL(write)(fd, data, length);
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
	if (fails("send", "-", ENOBUFS) || is_interrupted("send", "-"))
		return -1;
	return REAL(send)(fd, data, part_of("send", -1, length), flags);
}

ssize_t recv(int fd, void *data, size_t length, int flags)
{
	if (fails("recv", "-", ENOMEM) || is_interrupted("recv", "-"))
		return -1;
	return REAL(recv)(fd, data, part_of("recv", -1, length), flags);
}

ssize_t splice(int from, off_t *from_at, int to, off_t *to_at, size_t length, unsigned int flags)
{
	if (fails("splice", name_of(from), EIO) || is_interrupted("splice", name_of(from)))
		return -1;
	return REAL(splice)(from, from_at, to, to_at, length, flags);
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t length,
			unsigned int flags)
{
	if (fails("copy_file_range", name_of(to), EIO) ||
	    is_interrupted("copy_file_range", name_of(to)))
		return -1;
	return REAL(copy_file_range)(from, from_at, to, to_at,
				     part_of("copy_file_range", to, length), flags);
}

int poll(struct pollfd *fds, nfds_t number, int timeout)
{
	if (fails("poll", "-", ENOMEM) || is_interrupted("poll", "-"))
		return -1;
	return REAL(poll)(fds, number, timeout);
}

pid_t fork(void)
{
	pid_t pid;

	if (fails("fork", "-", EAGAIN))
		return -1;
	forks++;
	pid = REAL(fork)();
	if (pid == 0) {
		process = forks;
		count = 0;
	}
	return pid;
}

void __attribute__((noreturn)) _exit(int status)
{
	say("count %ld of %d\n", count, process);
	for (;;)
		syscall(SYS_exit_group, status);
}

/* The rest differ in nothing but their names. */
#define FAILING(result, name, parameters, arguments, file, error)                                  \
	result name parameters                                                                     \
	{                                                                                          \
		if (fails(#name, file, error))                                                     \
			return (result)-1;                                                         \
		return REAL(name) arguments;                                                       \
	}

FAILING(int, socketpair, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds), "-", EMFILE)
FAILING(int, pipe2, (int fds[2], int flags), (fds, flags), "-", EMFILE)
FAILING(int, signalfd, (int fd, const sigset_t *mask, int flags), (fd, mask, flags), "-", EMFILE)
FAILING(int, timerfd_create, (clockid_t clock, int flags), (clock, flags), "-", EMFILE)
FAILING(int, timerfd_settime,
	(int fd, int flags, const struct itimerspec *time, struct itimerspec *old),
	(fd, flags, time, old), "-", EINVAL)
FAILING(int, mkdirat, (int fd, const char *path, mode_t bits), (fd, path, bits), path, ENOSPC)
FAILING(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), path, EIO)
FAILING(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new),
	new, ENOSPC)
FAILING(int, renameat2, (int from, const char *old, int to, const char *new, unsigned int flags),
	(from, old, to, new, flags), new, ENOSPC)
FAILING(int, linkat, (int from, const char *old, int to, const char *new, int flags),
	(from, old, to, new, flags), new, ENOSPC)
FAILING(ssize_t, readlinkat, (int fd, const char *path, char *data, size_t length),
	(fd, path, data, length), path, EIO)
FAILING(int, faccessat, (int fd, const char *path, int what, int flags), (fd, path, what, flags),
	path, EIO)
FAILING(int, fstat, (int fd, struct stat *status), (fd, status), name_of(fd), EIO)
FAILING(int, fstatat, (int fd, const char *path, struct stat *status, int flags),
	(fd, path, status, flags), path, EIO)
FAILING(int, stat, (const char *path, struct stat *status), (path, status), path, EIO)
FAILING(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence), name_of(fd), EIO)
FAILING(int, ftruncate, (int fd, off_t length), (fd, length), name_of(fd), ENOSPC)
FAILING(int, fsync, (int fd), (fd), name_of(fd), EIO)
FAILING(int, fdatasync, (int fd), (fd), name_of(fd), EIO)
FAILING(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), name_of(fd), EPERM)
FAILING(int, cap_set_proc, (cap_t caps), (caps), "-", EPERM)
FAILING(int, setresuid, (uid_t real_id, uid_t effective, uid_t saved), (real_id, effective, saved),
	"-", EAGAIN)
FAILING(int, setresgid, (gid_t real_id, gid_t effective, gid_t saved), (real_id, effective, saved),
	"-", EPERM)

int flock(int fd, int operation)
{
	if (fails("flock", name_of(fd), ENOLCK) ||
	    (!(operation & LOCK_NB) && is_interrupted("flock", name_of(fd))))
		return -1;
	return REAL(flock)(fd, operation);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	/* One that does not wait is not interrupted. */
	if (!(options & WNOHANG) && is_interrupted("waitpid", "-"))
		return -1;
	return REAL(waitpid)(pid, status, options);
}

int prctl(int option, ...)
{
	unsigned long values[4];
	va_list args;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		values[i] = va_arg(args, unsigned long);
	va_end(args);
	if (fails("prctl", "-", EINVAL))
		return -1;
	return (int)syscall(SYS_prctl, option, values[0], values[1], values[2], values[3]);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	if (fails("mmap", name_of(fd), ENOMEM))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

struct dirent *readdir(DIR *dir)
{
	return fails("readdir", name_of(dirfd(dir)), EIO) ? NULL : REAL(readdir)(dir);
}

/* Each descriptor but the log, and the one that reads the directory. */
static void each_open(void (*visit)(int fd))
{
	int dir_fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
	char bytes[4096];
	long got;

	while ((got = syscall(SYS_getdents64, dir_fd, bytes, sizeof(bytes))) > 0) {
		for (long at = 0; at < got;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(bytes + at);
			int fd = atoi(entry->d_name);

			at += entry->d_reclen;
			if (entry->d_name[0] != '.' && fd != dir_fd && fd < NAME_LIMIT &&
			    fd != LOG_FD)
				visit(fd);
		}
	}
	syscall(SYS_close, dir_fd);
}

static void note_open(int fd)
{
	was_open[fd] = true;
}

static void tell_open(int fd)
{
	if (!was_open[fd])
		say("leak %d %s\n", fd, name_of(fd));
}

static void __attribute__((constructor)) begin(void)
{
	static const char *const modes[] = { "none", "hard", "memory", "eintr", "short" };
	const char *mode_name = getenv("FAULT_MODE"), *log = getenv("FAULT_LOG");
	int fd;

	if (!mode_name || !log)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	syscall(SYS_dup3, fd, LOG_FD, O_CLOEXEC);
	syscall(SYS_close, fd);
	each_open(note_open);
	wanted = atol(getenv("FAULT_AT"));
	is_sticky = getenv("FAULT_STICKY") != NULL;
	process_wanted = atoi(getenv("FAULT_PROCESS"));
	/* COMMAND is none of ours. */
	unsetenv("LD_PRELOAD");
	for (int i = 0; i < 5; i++)
		if (strcmp(modes[i], mode_name) == 0)
			mode = (enum mode)i;
}

static void __attribute__((destructor)) end(void)
{
	say("count %ld of %d\n", count, process);
	mode = MODE_NONE;
	if (process == 0)
		each_open(tell_open);
}
