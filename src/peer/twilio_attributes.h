/*
 * twilio_attributes.h -- the attributes of a participant: a string that holds
 * a JSON object, replaced whole by every update.  We add what is missing and
 * never touch what is there.
 *
 * Source: Twilio, Conversations API, Participant resource (twilio.md 4.7,
 * 5.5, 7.7, 7.9).
 */
#ifndef PEER_TWILIO_ATTRIBUTES_H
#define PEER_TWILIO_ATTRIBUTES_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* More is refused by Twilio. */
enum { TWILIO_PARTICIPANT_ATTRIBUTES_MAX = 4096 };

/* NULL where there is nothing to add. */
struct twilio_customer_attributes {
	const char *customer_id;
	const char *display_name;
	const char *avatar;
};

/*
 * Merges into the text of the attributes (NULL or empty: none).  *merged is
 * the new text in the arena, or NULL where everything is there already.
 * RC_INVALID: the text is no JSON object, and is to be left alone.
 * RC_REFUSED: it would become longer than Twilio allows.
 */
enum rc twilio_attributes_merge(struct arena *a, const char *text,
    const struct twilio_customer_attributes *add, const char **merged,
    struct err *e) MUST_CHECK;

#endif
