#include "io/shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/tap.h"

enum { CELLS = 3000, SIZE = CELLS * 8, HEAD = 64, ADDS = 100000 };
static const uint64_t layout = UINT64_C(0x123456789abcdef0);

static char directory[] = "/tmp/shared_file_XXXXXX";
static char path[128];

/*
 * What a process finds in the last cell, to which it adds n; -1 where it cannot
 * map the file.  Each of a process of its own: a mapping is for ever.
 */
static long
seen_by_another(const char *where, uint64_t as, long n)
{
	_Atomic uint64_t *cells;
	long found = -1;
	int ends[2], status = 0;
	struct err e;
	void *at;
	pid_t pid;

	if (pipe(ends) != 0)
		return -2;
	pid = fork();
	if (pid == 0) {
		if (shared_file_map(where, as, SIZE, &at, &e) == RC_OK) {
			cells = at;
			found = (long)atomic_fetch_add(
			    &cells[CELLS - 1], (uint64_t)n);
		} else {
			printf("# %s\n", e.text);
			fflush(stdout);
		}
		_exit(write(ends[1], &found, sizeof(found)) < 0);
	}
	(void)close(ends[1]);
	if (read(ends[0], &found, sizeof(found)) != (ssize_t)sizeof(found))
		found = -3;
	(void)close(ends[0]);
	(void)waitpid(pid, &status, 0);
	return status == 0 ? found : -4;
}

static void
write_file(const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		perror(path);
	(void)close(fd);
}

static ino_t
inode(void)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void
test_share(void)
{
	struct stat st;

	is_int(seen_by_another(path, layout, 5), 0, "a new file is all zero");
	is_int(seen_by_another(path, layout, 7), 5, "the next process sees it");
	is_int(seen_by_another(path, layout, 0), 12, "and the one after");
	is_int(stat(path, &st), 0, "the file is there");
	is_int(st.st_size, HEAD + SIZE, "as large as it must be");
	is_int(st.st_mode & 07777 & ~0640u, 0, "and nobody else's");
	ok(st.st_blocks * 512 >= st.st_size, "with all of its blocks");
}

static void
test_other_layout(void)
{
	ino_t before = inode();

	is_int(seen_by_another(path, layout + 1, 3), 0,
	    "another layout begins anew");
	ok(inode() != before, "in another file");
	is_int(seen_by_another(path, layout + 1, 0), 3, "which stays");
	is_int(seen_by_another(path, layout, 4), 0, "the former again: anew");
}

static void
test_damage(void)
{
	static const char text[] = "these are no counters";
	char bytes[HEAD];
	int fd;

	write_file("", 0);
	is_int(seen_by_another(path, layout, 1), 0, "an empty file");
	write_file(text, sizeof(text));
	is_int(seen_by_another(path, layout, 1), 0, "a text");
	is_int(truncate(path, HEAD + SIZE / 2), 0, "it is cut");
	is_int(seen_by_another(path, layout, 1), 0, "a cut file");
	is_int(seen_by_another(path, layout, 1), 1, "is made anew");
	is_int(truncate(path, HEAD + SIZE + 8), 0, "it is too long");
	is_int(seen_by_another(path, layout, 1), 0, "a long file");
	is_int(seen_by_another(path, layout, 1), 1, "is made anew, too");
	fd = open(path, O_RDWR);
	ok(pread(fd, bytes, HEAD, 0) == HEAD, "the head is read");
	bytes[HEAD - 1] ^= 1;
	ok(pwrite(fd, bytes, HEAD, 0) == HEAD, "one bit of it is turned");
	(void)close(fd);
	is_int(seen_by_another(path, layout, 1), 0, "a damaged head");
	is_int(seen_by_another(path, layout, 0), 1, "all the same it serves");

	(void)unlink(path);
	is_int(symlink("/dev/zero", path), 0, "a link lies there");
	is_int(seen_by_another(path, layout, 1), 0, "it is replaced");
	(void)unlink(path);
	is_int(mkfifo(path, 0600), 0, "a pipe lies there");
	is_int(seen_by_another(path, layout, 1), 0, "it is replaced, too");
}

static void
test_impossible(void)
{
	char where[192];

	is_int(seen_by_another("relative", layout, 1), -1, "no relative path");
	(void)snprintf(where, sizeof(where), "%s/none/file", directory);
	is_int(seen_by_another(where, layout, 1), -1, "no directory");
	is_int(seen_by_another("/proc/version", layout, 1), -1, "no right");
	(void)snprintf(where, sizeof(where), "%s/taken", directory);
	is_int(mkdir(where, 0700), 0, "a directory lies there");
	is_int(seen_by_another(where, layout, 1), -1, "no file");
	(void)rmdir(where);
}

/* A process that stands still while it has the lock must not stop others. */
static void
test_lock(void)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY);

	is_int(flock(fd, LOCK_EX), 0, "somebody keeps the directory locked");
	is_int(seen_by_another(path, layout, 1), -1, "it is not waited for");
	(void)close(fd);
	ok(seen_by_another(path, layout, 0) >= 0, "and later it is as before");
}

static void
test_sum(void)
{
	_Atomic uint64_t *cells;
	const int processes = 2;
	struct err e;
	void *at;
	int i, k;

	(void)unlink(path);
	for (i = 0; i < processes; i++)
		if (fork() == 0) {
			if (shared_file_map(path, layout, SIZE, &at, &e) !=
			    RC_OK)
				_exit(1);
			cells = at;
			for (k = 0; k < ADDS; k++)
				atomic_fetch_add_explicit(
				    &cells[k % 2], 1, memory_order_relaxed);
			_exit(0);
		}
	for (i = 0; i < processes; i++) {
		(void)wait(&k);
		is_int(k, 0, "a process has added");
	}
	/* From here on this process has the file. */
	is_int(shared_file_is_shared(), 0, "nothing is mapped yet");
	is_int(shared_file_map(path, layout, SIZE, &at, &e), RC_OK, "now");
	is_int(shared_file_is_shared(), 1, "it is shared");
	cells = at;
	is_int(cells[0] + cells[1], processes * ADDS, "every addition counts");
}

/* The mapping of test_sum() is still there. */
static void
test_cut(void)
{
	_Atomic uint64_t *cells;
	struct err e;
	void *at;
	pid_t pid;
	int status = -1;

	pid = fork();
	if (pid == 0) {
		if (shared_file_map(path, layout, SIZE, &at, &e) != RC_OK ||
		    truncate(path, 0) != 0)
			_exit(1);
		cells = at;
		atomic_fetch_add(&cells[CELLS - 1], 1);
		if (cells[CELLS - 1] != 1 || shared_file_is_shared())
			_exit(2);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	is_int(status, 0, "who has a file that is cut goes on alone");
	is_int(seen_by_another(path, layout, 1), 0, "and the next begins anew");

	/* An error that is none of ours ends a process as ever. */
	pid = fork();
	if (pid == 0) {
		(void)raise(SIGBUS);
		(void)raise(SIGBUS);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status), "another SIGBUS is still the end");
}

/* In processes of their own, as above. */
static void
test_replaced(void)
{
	struct err e;
	void *at;
	pid_t pid;
	int status = -1;

	pid = fork();
	if (pid == 0) {
		if (shared_file_map(path, layout, SIZE, &at, &e) != RC_OK ||
		    !shared_file_is_shared())
			_exit(1);
		if (unlink(path) != 0 || shared_file_is_shared())
			_exit(2);
		if (seen_by_another(path, layout, 1) != 0 ||
		    shared_file_is_shared())
			_exit(3);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	is_int(status, 0, "who has a file that was removed knows to be alone");
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		return 255;
	(void)snprintf(path, sizeof(path), "%s/counters", directory);
	test_share();
	test_other_layout();
	test_damage();
	test_impossible();
	test_lock();
	test_sum();
	test_cut();
	test_replaced();
	(void)unlink(path);
	(void)rmdir(directory);
	return done_testing();
}
