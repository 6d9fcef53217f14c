#include "io/shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	/* Whoever else is at it needs milliseconds. */
	LOCK_TRIES = 100,
	LOCK_PAUSE_MS = 10,
	PATH_BYTES = 512,
	MODE = 0640,
};

/* Bytes that follow are at a multiple of 64, as the page is. */
struct head {
	char magic[16];
	uint64_t layout;
	uint64_t size; /* of the file */
	uint64_t rest[4];
};

static const char magic[16] = "frontline count";

static char *mapped; /* the head, and what follows */
static size_t mapped_size;
static struct stat mapped_file;
static char mapped_path[PATH_BYTES];
static volatile sig_atomic_t is_cut;

/* ---- what somebody cuts ------------------------------------------------ */

/*
 * The page that was touched is no longer in the file.  Others take its place,
 * with nothing in them, and the instruction is repeated.
 */
static void
page_is_gone(int signal_number, siginfo_t *info, void *context)
{
	const uintptr_t at = (uintptr_t)info->si_addr;
	const uintptr_t first = (uintptr_t)mapped;

	(void)context;
	if (info->si_code == BUS_ADRERR && mapped != NULL && at >= first &&
	    at < first + mapped_size &&
	    mmap(mapped, mapped_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == mapped) {
		is_cut = 1;
		return;
	}
	/* Of something else: what it would have done without us. */
	(void)signal(signal_number, SIG_DFL);
}

static int
watch_for_cuts(void)
{
	struct sigaction action = {
		.sa_sigaction = page_is_gone,
		.sa_flags = SA_SIGINFO,
	};

	(void)sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL);
}

/* ---- the file ---------------------------------------------------------- */

static struct head
head_of(uint64_t layout, size_t total)
{
	struct head h = { .layout = layout, .size = total };

	memcpy(h.magic, magic, sizeof(h.magic));
	return h;
}

/* An open file that fits, or -1; errno is 0 where it is another one. */
static int
open_fitting(const char *path, const struct head *want)
{
	struct head is;
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size == want->size &&
	    pread(fd, &is, sizeof(is), 0) == (ssize_t)sizeof(is) &&
	    memcmp(&is, want, sizeof(is)) == 0)
		return fd;
	(void)close(fd);
	errno = 0;
	return -1;
}

/* A new one under that name; -1 with errno where it cannot be. */
static int
make(const char *path, const struct head *head)
{
	char beside[PATH_BYTES + 8];
	int fd, rc;

	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	(void)unlink(beside);
	fd = open(beside, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, MODE);
	if (fd < 0)
		return -1;
	/* All of it now: a full disk must not show when a page is touched. */
	rc = posix_fallocate(fd, 0, (off_t)head->size);
	if (rc == 0 &&
	    pwrite(fd, head, sizeof(*head), 0) != (ssize_t)sizeof(*head))
		rc = errno != 0 ? errno : EIO;
	if (rc == 0 && rename(beside, path) != 0)
		rc = errno;
	if (rc == 0)
		return fd;
	(void)close(fd);
	(void)unlink(beside);
	errno = rc;
	return -1;
}

/* Locks the directory of a path, so that one process makes the file. */
static int
lock_directory(const char *path)
{
	char directory[PATH_BYTES];
	const size_t len = (size_t)(strrchr(path, '/') - path);
	int fd, i, why;

	memcpy(directory, path, len);
	directory[len] = '\0';
	fd =
	    open(len > 0 ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK)
			break;
		clock_pause_ms(LOCK_PAUSE_MS);
		errno = EWOULDBLOCK;
	}
	why = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = why;
	return -1;
}

/* An open file that fits, or -1 with errno. */
static int
open_or_make(const char *path, const struct head *head)
{
	int lock, fd, why;

	lock = lock_directory(path);
	if (lock < 0)
		return -1;
	fd = open_fitting(path, head);
	if (fd < 0 && (errno == 0 || errno == ENOENT || errno == ELOOP))
		fd = make(path, head);
	why = errno;
	(void)close(lock);
	errno = why;
	return fd;
}

/* ---- the memory -------------------------------------------------------- */

enum rc
shared_file_map(
    const char *path, uint64_t layout, size_t size, void **out, struct err *e)
{
	const struct head head = head_of(layout, sizeof(head) + size);
	void *at = MAP_FAILED;
	int fd;

	if (path[0] != '/' || strlen(path) >= PATH_BYTES)
		return err_set(e, RC_BUSY, "shared_file",
		    "%.64s: no absolute path, or too long", path);
	fd = open_or_make(path, &head);
	if (fd >= 0 && fstat(fd, &mapped_file) == 0 && watch_for_cuts() == 0)
		at = mmap(NULL, (size_t)head.size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		(void)err_set(
		    e, RC_BUSY, "shared_file", "%s: %s", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return RC_BUSY;
	}
	(void)close(fd);
	mapped_size = (size_t)head.size;
	mapped = at;
	memcpy(mapped_path, path, strlen(path) + 1);
	*out = mapped + sizeof(head);
	return RC_OK;
}

bool
shared_file_is_shared(void)
{
	struct stat now;

	return mapped != NULL && is_cut == 0 && stat(mapped_path, &now) == 0 &&
	       now.st_dev == mapped_file.st_dev &&
	       now.st_ino == mapped_file.st_ino;
}
