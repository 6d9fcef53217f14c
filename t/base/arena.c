#include "base/arena.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/tap.h"

static char order[8];
static size_t ordered;

static void
note(void *handle)
{
	order[ordered++] = *(const char *)handle;
}

static bool
is_filled(const char *bytes, size_t len, char with)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != with)
			return false;
	return true;
}

static void
test_memory(void)
{
	enum { COUNT = 300 };
	char *p[COUNT];
	size_t i, round, zeroed, aligned, kept;
	struct arena *a;

	a = arena_new();
	for (round = 0; round < 2; round++) {
		zeroed = aligned = kept = 0;
		for (i = 0; i < COUNT; i++) {
			p[i] = arena_alloc(a, i);
			zeroed += is_filled(p[i], i, 0);
			aligned += (uintptr_t)p[i] % _Alignof(max_align_t) == 0;
			if (i > 0)
				memset(p[i], (int)(1 + i % 100), i);
		}
		for (i = 0; i < COUNT; i++)
			kept += is_filled(p[i], i, (char)(1 + i % 100));
		is_int(zeroed, COUNT, "memory is zeroed, round %zu", round);
		is_int(aligned, COUNT, "... and aligned for any type");
		is_int(kept, COUNT, "... and nobody else's");
		arena_reset(a);
	}
	p[0] = arena_alloc(a, 1024 * 1024);
	ok(is_filled(p[0], 1024 * 1024, 0), "a block of a megabyte");
	arena_free(a);
	arena_free(NULL);
}

static void
test_copy(void)
{
	struct arena *a;
	const char *copy;

	a = arena_new();
	copy = arena_copy(a, "ab\0cd", 5);
	ok(memcmp(copy, "ab\0cd", 6) == 0, "a copy keeps NULs and ends in one");
	is_str(arena_copy(a, "abc", 2), "ab", "a copy of a part");
	is_str(arena_copy(a, NULL, 0), "", "a copy of nothing");
	arena_free(a);
}

static void
test_defer(void)
{
	char first[] = "a", second[] = "b", third[] = "c";
	struct arena *a;

	a = arena_new();
	arena_defer(a, note, first);
	(void)arena_alloc(a, 100000);
	arena_defer(a, note, second);
	is_str(order, "", "nothing is called before the end");
	arena_reset(a);
	is_str(order, "ba", "a reset calls the last given first");
	arena_reset(a);
	is_str(order, "ba", "and each once");
	arena_defer(a, note, third);
	arena_free(a);
	is_str(order, "bac", "so does the end of the arena");
}

static void
test_impossible(void)
{
	/* The compiler would refuse it, if it saw it. */
	volatile size_t impossible = SIZE_MAX - 8;
	struct arena *a;
	int status = 0;
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		(void)close(STDERR_FILENO);
		a = arena_new();
		(void)arena_alloc(a, impossible);
		_exit(0);
	}
	(void)waitpid(child, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "a size that wraps around is fatal");
}

int
main(void)
{
	test_memory();
	test_copy();
	test_defer();
	test_impossible();
	return done_testing();
}
