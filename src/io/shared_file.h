/*
 * shared_file.h -- memory that all processes of a host share: a file that is
 * mapped.  Its head names what the memory means; a file of another meaning, or
 * a damaged one, is replaced by a new one beside it, and never cut or written
 * over, for others may still have it.
 *
 * Nothing that happens to the file ends the process.  Where somebody cuts it
 * while it is mapped, this process goes on with memory of its own.
 */
#ifndef IO_SHARED_FILE_H
#define IO_SHARED_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Maps `size` bytes that mean `layout`, all zero where the file is new.  Once
 * in a process, and until its end.  RC_BUSY: it cannot be, and *out is left
 * as it was.
 */
enum rc shared_file_map(const char *path, uint64_t layout, size_t size,
    void **out, struct err *e) MUST_CHECK;

/*
 * Is it mapped, and does the next process get the same one?  Not where it was
 * cut, removed or replaced.
 */
bool shared_file_is_shared(void);

#endif
