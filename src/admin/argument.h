/*
 * argument.h -- what a person may type where text is asked for that others
 * will read.
 */
#ifndef ADMIN_ARGUMENT_H
#define ADMIN_ARGUMENT_H

/*
 * What is wrong with it, as the end of a sentence ("is empty"), or NULL: one
 * line of UTF-8 with something on it, and no control characters, neither
 * those of ASCII nor the others (U+0080 to U+009F).
 */
const char *text_fault(const char *text);

#endif
