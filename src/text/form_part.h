/*
 * form_part.h -- one part of a multipart/form-data body: a field, or a file.
 */
#ifndef TEXT_FORM_PART_H
#define TEXT_FORM_PART_H
#include <stddef.h>

struct form_part {
	const char *name;
	const char *filename; /* NULL: a field */
	const char *type;     /* NULL: not said */
	const char *bytes;
	size_t len;
};

#endif
