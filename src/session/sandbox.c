/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a table of system calls. Out: a program for the kernel, which looks at each call's number
 * and, of a few, at one argument. What holds true behind it: no file is opened for writing, no
 * program run, no process started, no other process signalled, no memory made executable, no key
 * pushed into a terminal.
 *
 * A call that the table does not have answers ENOSYS, and not by death: the C library then does
 * what it does on a kernel without that call, and a newer one than this was tried with goes on. One
 * that the table has, but not with that argument, answers EPERM.
 */
#include "session/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

/* The table is of the architecture that is compiled for, so the filter is for no other. */
#if defined(__x86_64__) && defined(__LP64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARMEL__)
#define SANDBOX_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define SANDBOX_ARCH AUDIT_ARCH_RISCV64
#else
#define SANDBOX_ARCH 0
#endif

/* A sanitizer's own threads trace the process and open files. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_OFF 1
#else
#define SANDBOX_IS_OFF 0
#endif

/* What one argument must be; its value is an int or bits in the lower half of a long. */
enum check {
	CHECK_NOTHING,
	CHECK_ONE_OF,	  /* one of values, but for zeros */
	CHECK_ALL_OF,	  /* all bits of values[0] */
	CHECK_NONE_OF,	  /* no bit of values[0] */
	CHECK_READ_OPEN,  /* as CHECK_NONE_OF, where files may be read at all */
	CHECK_OWN_PROCESS /* the number of the process that enters */
};

struct call {
	int number;
	enum check check;
	int argument;
	uint32_t values[3];
};

#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

static const struct call calls[] = {
	/* what the hot paths do */
	{ .number = __NR_read },
	{ .number = __NR_write },
	{ .number = __NR_splice },
#ifdef __NR_poll
	{ .number = __NR_poll },
#endif
	{ .number = __NR_ppoll },
#ifdef __NR_ppoll_time64
	{ .number = __NR_ppoll_time64 },
#endif
	{ .number = __NR_futex },
#ifdef __NR_futex_time64
	{ .number = __NR_futex_time64 },
#endif
	{ .number = __NR_sendto },
	{ .number = __NR_recvfrom },
#ifdef __NR_send
	{ .number = __NR_send },
	{ .number = __NR_recv },
#endif
	{ .number = __NR_sendmsg },
	{ .number = __NR_recvmsg },

	/* open files */
	{ .number = __NR_readv },
	{ .number = __NR_writev },
	{ .number = __NR_pread64 },
	{ .number = __NR_pwrite64 },
	{ .number = __NR_lseek },
#ifdef __NR__llseek
	{ .number = __NR__llseek },
#endif
	{ .number = __NR_close },
	{ .number = __NR_fcntl },
#ifdef __NR_fcntl64
	{ .number = __NR_fcntl64 },
#endif
	{ .number = __NR_fstat },
#ifdef __NR_fstat64
	{ .number = __NR_fstat64 },
#endif
#ifdef __NR_newfstatat
	{ .number = __NR_newfstatat },
#endif
#ifdef __NR_fstatat64
	{ .number = __NR_fstatat64 },
#endif
	{ .number = __NR_statx },
#ifdef __NR_access
	{ .number = __NR_access },
	{ .number = __NR_readlink },
#endif
	{ .number = __NR_faccessat },
#ifdef __NR_faccessat2
	{ .number = __NR_faccessat2 },
#endif
	{ .number = __NR_readlinkat },
	{ .number = __NR_statfs },
#ifdef __NR_statfs64
	{ .number = __NR_statfs64 },
#endif
	{ .number = __NR_fstatfs },
#ifdef __NR_fstatfs64
	{ .number = __NR_fstatfs64 },
#endif
	{ .number = __NR_ftruncate },
#ifdef __NR_ftruncate64
	{ .number = __NR_ftruncate64 },
#endif
	{ .number = __NR_fallocate },
	{ .number = __NR_fsync },
	{ .number = __NR_fdatasync },
#ifdef __NR_sync_file_range
	{ .number = __NR_sync_file_range },
#endif
#ifdef __NR_fadvise64
	{ .number = __NR_fadvise64 },
#endif
	{ .number = __NR_getdents64 },
	{ .number = __NR_dup },
	{ .number = __NR_pipe2 },
	/* Is it a terminal, and how wide: TIOCSTI would type into it. */
	{ .number = __NR_ioctl,
	  .check = CHECK_ONE_OF,
	  .argument = 1,
	  .values = { TCGETS, TIOCGWINSZ } },
#ifdef __NR_open
	{ .number = __NR_open,
	  .check = CHECK_READ_OPEN,
	  .argument = 1,
	  .values = { (uint32_t)WRITING } },
#endif
	{ .number = __NR_openat,
	  .check = CHECK_READ_OPEN,
	  .argument = 2,
	  .values = { (uint32_t)WRITING } },

	/* memory */
	{ .number = __NR_brk },
#ifdef __NR_mmap
	{ .number = __NR_mmap, .check = CHECK_NONE_OF, .argument = 2, .values = { PROT_EXEC } },
#endif
#ifdef __NR_mmap2
	{ .number = __NR_mmap2, .check = CHECK_NONE_OF, .argument = 2, .values = { PROT_EXEC } },
#endif
	{ .number = __NR_mprotect, .check = CHECK_NONE_OF, .argument = 2, .values = { PROT_EXEC } },
	{ .number = __NR_munmap },
	{ .number = __NR_mremap },
	{ .number = __NR_madvise },
	{ .number = __NR_msync },

	/* threads: clone3(2) keeps its flags where no filter sees them, and has clone(2) behind it
	 */
	{ .number = __NR_clone,
	  .check = CHECK_ALL_OF,
	  .argument = 0,
	  .values = { CLONE_VM | CLONE_THREAD } },
	{ .number = __NR_set_robust_list },
#ifdef __NR_rseq
	{ .number = __NR_rseq },
#endif
#ifdef __ARM_NR_set_tls
	{ .number = __ARM_NR_set_tls },
	{ .number = __ARM_NR_cacheflush },
#endif
	{ .number = __NR_sched_yield },
	{ .number = __NR_sched_getaffinity },
	{ .number = __NR_membarrier },
	{ .number = __NR_exit },
	{ .number = __NR_exit_group },

	/* signals: those of the process itself, abort(3) */
	{ .number = __NR_rt_sigaction },
	{ .number = __NR_rt_sigprocmask },
	{ .number = __NR_rt_sigreturn },
#ifdef __NR_sigreturn
	{ .number = __NR_sigreturn },
#endif
	{ .number = __NR_sigaltstack },
	{ .number = __NR_tgkill, .check = CHECK_OWN_PROCESS, .argument = 0 },
	{ .number = __NR_restart_syscall },
	{ .number = __NR_prctl,
	  .check = CHECK_ONE_OF,
	  .argument = 0,
	  .values = { PR_SET_PDEATHSIG, PR_SET_NAME, PR_CAPBSET_READ } },

	/* time, and who one is */
	{ .number = __NR_clock_gettime },
#ifdef __NR_clock_gettime64
	{ .number = __NR_clock_gettime64 },
#endif
	{ .number = __NR_gettimeofday },
	{ .number = __NR_nanosleep },
	{ .number = __NR_clock_nanosleep },
#ifdef __NR_clock_nanosleep_time64
	{ .number = __NR_clock_nanosleep_time64 },
#endif
	{ .number = __NR_getpid },
	{ .number = __NR_gettid },
	{ .number = __NR_getppid },
	{ .number = __NR_getuid },
	{ .number = __NR_geteuid },
	{ .number = __NR_getgid },
	{ .number = __NR_getegid },
	{ .number = __NR_getrandom },
	{ .number = __NR_getrusage },
	{ .number = __NR_uname },
	{ .number = __NR_sysinfo },
};

struct program {
	struct sock_filter *items;
	size_t count;
};

static void add(struct program *program, struct sock_filter item)
{
	*array_add(&program->items, &program->count) = item;
}

static void load(struct program *program, size_t offset)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Over skip instructions where the accumulator is not so. */
static void unless_equal(struct program *program, uint32_t value, uint8_t skip)
{
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

static void keep_bits(struct program *program, uint32_t mask)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
}

static void answer(struct program *program, uint32_t action)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void load_argument(struct program *program, int number)
{
	size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

	load(program, offsetof(struct seccomp_data, args) + (size_t)number * 8 + low);
}

/* What follows the call's number, which matches. Every way through it is an answer. */
static void add_check(struct program *program, const struct call *call, bool reads_files)
{
	const uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

	if (call->check == CHECK_READ_OPEN && !reads_files) {
		answer(program, refused);
		return;
	}
	load_argument(program, call->argument);
	if (call->check == CHECK_OWN_PROCESS) {
		unless_equal(program, (uint32_t)getpid(), 1);
		answer(program, SECCOMP_RET_ALLOW);
	} else if (call->check == CHECK_ONE_OF) {
		for (size_t i = 0; i < sizeof(call->values) / sizeof(*call->values); i++) {
			if (!call->values[i])
				continue;
			unless_equal(program, call->values[i], 1);
			answer(program, SECCOMP_RET_ALLOW);
		}
	} else {
		keep_bits(program, call->values[0]);
		unless_equal(program, call->check == CHECK_ALL_OF ? call->values[0] : 0, 1);
		answer(program, SECCOMP_RET_ALLOW);
	}
	answer(program, refused);
}

static void add_call(struct program *program, const struct call *call, bool reads_files)
{
	size_t jump = program->count;

	unless_equal(program, (uint32_t)call->number, 0);
	if (call->check == CHECK_NOTHING)
		answer(program, SECCOMP_RET_ALLOW);
	else
		add_check(program, call, reads_files);
	program->items[jump].jf = (uint8_t)(program->count - jump - 1);
}

static void build(struct program *program, bool reads_files)
{
	/* Another architecture's calls have other numbers: of those nothing is known. */
	load(program, offsetof(struct seccomp_data, arch));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0));
	answer(program, SECCOMP_RET_KILL_PROCESS);
	load(program, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		add_call(program, &calls[i], reads_files);
	answer(program, SECCOMP_RET_ERRNO | ENOSYS);
}

bool sandbox_is_there(void)
{
	if (!SANDBOX_ARCH || SANDBOX_IS_OFF)
		return false;
	/* EFAULT of a kernel that would read a program from there, EINVAL of one that has none. */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0 && errno == EFAULT;
}

int sandbox_enter(bool reads_files)
{
	struct program program = { 0 };
	struct sock_fprog kernel_program;
	int err = 0;

	if (!sandbox_is_there())
		return -ENOSYS;
	build(&program, reads_files);
	kernel_program = (struct sock_fprog){ (unsigned short)program.count, program.items };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &kernel_program) != 0)
		err = -errno;
	free(program.items);
	return err;
}
