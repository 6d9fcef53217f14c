/*
 * arena.h -- one scope of memory: what a request (or a job, or the program)
 * allocates lives until its arena is reset, and nobody frees a piece of it.
 *
 * It owns its blocks and the foreign handles given to arena_defer().  It
 * never returns NULL: what may be asked for is bounded by base/limits.h, so
 * running out of memory is fatal.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* Releases everything and keeps the first block for the next request. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size)
    __attribute__((malloc, alloc_size(2)));
/* A copy with a NUL behind it; the bytes may hold NULs. */
char *arena_copy(struct arena *a, const char *bytes, size_t len);

/*
 * Calls fn(handle) when the arena is reset or freed, the last given first.
 * For PGresult, json_t and the like: in the line after they are obtained.
 */
void arena_defer(struct arena *a, void (*fn)(void *), void *handle);

#endif
