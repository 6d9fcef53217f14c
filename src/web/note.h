/*
 * note.h -- what a request's log line should tell although nothing failed.
 */
#ifndef WEB_NOTE_H
#define WEB_NOTE_H
#include "text/address_list.h"
#include "text/moment.h"
#include "text/words.h"
#include "web/call.h"

/* Adds a sentence; no name, text of a message, or whole number. */
void note_add(struct call *call, const char *fmt, ...) PRINTF(2, 3);

/* Adds one where the field's value was left out, or is only the first. */
void note_moment(struct call *call, const char *name, const struct moment *m);
void note_whole(struct call *call, const char *name, const struct whole *w);
void note_addresses(
    struct call *call, const char *name, const struct address_list *list);

#endif
