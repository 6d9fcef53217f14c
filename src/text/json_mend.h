/*
 * json_mend.h -- makes JSON text readable that a strict parser refuses for a
 * character which nobody can store.
 *
 * Whoever cuts a text between the two halves of an emoji writes half a
 * surrogate pair as an escape, and a message would be lost for its preview.
 */
#ifndef TEXT_JSON_MEND_H
#define TEXT_JSON_MEND_H
#include <stddef.h>

/*
 * Escapes of a surrogate without its other half, and of NUL, become that of
 * U+FFFD.  Returns how many; the length stays, and so does everything else.
 */
size_t json_mend(char *bytes, size_t len);

#endif
