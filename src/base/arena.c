#include "base/arena.h"

#include <stdint.h>

#include "base/log.h"

/*
 * Under a sanitizer every allocation is a block of its own, so that it sees
 * single objects and not one large one.
 */
#ifdef ARENA_CHECK
enum { BLOCK_SIZE = 0 };
#else
enum { BLOCK_SIZE = 8 * 1024 };
#endif

struct block {
	struct block *next;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *handle;
};

struct arena {
	struct block *blocks; /* the newest first, the kept one last */
	struct deferred *deferred;
};

static struct block *
block_new(size_t size)
{
	struct block *b;

	b = calloc(1, sizeof(*b) + size);
	if (b == NULL)
		fatal("out of memory (%zu bytes)", size);
	b->size = size;
	return b;
}

struct arena *
arena_new(void)
{
	struct arena *a;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		fatal("out of memory");
	a->blocks = block_new(BLOCK_SIZE);
	return a;
}

void
arena_reset(struct arena *a)
{
	struct deferred *d;
	struct block *b;

	/* The list itself lives in the blocks: walk it before they go. */
	for (d = a->deferred; d != NULL; d = d->next)
		d->fn(d->handle);
	a->deferred = NULL;
	while (a->blocks->next != NULL) {
		b = a->blocks;
		a->blocks = b->next;
		free(b);
	}
	memset(a->blocks->bytes, 0, a->blocks->used);
	a->blocks->used = 0;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->blocks);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *b;
	void *p;

	if (size > SIZE_MAX / 2)
		fatal("BUG: arena_alloc of %zu bytes", size);
	size = (size + align - 1) / align * align;
	b = a->blocks;
	if (b->size - b->used < size) {
		b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
		b->next = a->blocks;
		a->blocks = b;
	}
	p = (char *)b->bytes + b->used;
	b->used += size;
	return p;
}

char *
arena_copy(struct arena *a, const char *bytes, size_t len)
{
	char *p;

	p = arena_alloc(a, len + 1);
	if (len > 0)
		memcpy(p, bytes, len);
	return p;
}

void
arena_defer(struct arena *a, void (*fn)(void *), void *handle)
{
	struct deferred *d;

	d = arena_alloc(a, sizeof(*d));
	d->fn = fn;
	d->handle = handle;
	d->next = a->deferred;
	a->deferred = d;
}
