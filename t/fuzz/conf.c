/*
 * conf.c -- any bytes as a configuration file: read, or refused with one
 * sentence that names the file; never a file or secret outside it.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"
#include "t/fuzz/target.h"

/* The bytes as a file that has a name. */
static int
make_file(const uint8_t *bytes, size_t len, char *path, size_t size)
{
	int fd;

	fd = memfd_create("conf", MFD_CLOEXEC);
	PROMISE(fd >= 0);
	PROMISE(write(fd, bytes, len) == (ssize_t)len);
	(void)snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct conf_file file;
	struct config config;
	struct arena *a;
	struct err e;
	char path[64];
	size_t i;
	int fd;

	/* What a secret's name may open is none of this target's business. */
	if (memmem(bytes, len, "_file", 5) != NULL ||
	    memmem(bytes, len, "nginx_user", 10) != NULL)
		return 0;
	fd = make_file(bytes, len, path, sizeof(path));
	a = arena_new();
	if (conf_read(a, path, &file, &e) == RC_OK) {
		for (i = 0; i < file.count; i++) {
			PROMISE(file.entries[i].line > 0);
			PROMISE(conf_find(&file, file.entries[i].section,
				    file.entries[i].name) == &file.entries[i]);
		}
	} else {
		PROMISE(strncmp(e.text, path, strlen(path)) == 0);
	}
	/* auth_token_file is required, and was ruled out. */
	PROMISE(config_read(a, path, &config, &file, &e) == RC_INVALID);
	PROMISE(strncmp(e.text, path, strlen(path)) == 0);
	arena_free(a);
	(void)close(fd);
	return 0;
}
