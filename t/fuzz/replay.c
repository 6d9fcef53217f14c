/*
 * replay.c -- stands in for libFuzzer: gives a target its corpus, each file
 * whole, cut in half, and with every one of its first bytes changed.
 */
#include <dirent.h>
#include <libgen.h>

#include "t/fuzz/target.h"
#include "t/tap.h"

enum { FILE_MAX = 64 * 1024, CHANGED = 64 };

/* A block of its own, so that a sanitizer sees a read behind the end. */
static void
feed(const uint8_t *bytes, size_t len)
{
	uint8_t *copy;

	copy = malloc(len > 0 ? len : 1);
	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
replay(const char *path, const char *name)
{
	static uint8_t bytes[FILE_MAX];
	size_t len, i;
	FILE *f;

	f = fopen(path, "rb");
	if (f == NULL) {
		ok(0, "%s can be read", name);
		return;
	}
	len = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	feed(bytes, len);
	feed(bytes, len / 2);
	for (i = 0; i < len && i < CHANGED; i++) {
		bytes[i] ^= (uint8_t)(1 + i * 37 % 255);
		feed(bytes, len);
		bytes[i] ^= (uint8_t)(1 + i * 37 % 255);
	}
	ok(1, "%s", name);
}

int
main(int argc, char **argv)
{
	const char *top = getenv("abs_top_srcdir");
	char dir[4096], path[8192];
	const struct dirent *entry;
	DIR *d;

	(void)argc;
	(void)snprintf(dir, sizeof(dir), "%s/t/fuzz/corpus/%.*s",
	    top != NULL ? top : ".", (int)strcspn(basename(argv[0]), "."),
	    basename(argv[0]));
	d = opendir(dir);
	ok(d != NULL, "%s is there", dir);
	feed((const uint8_t *)"", 0);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		replay(path, entry->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	ok(tap_run > 3, "there is a corpus");
	return done_testing();
}
