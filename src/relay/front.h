/*
 * front.h -- what all jobs for Front have in common: their channel, how fast
 * it may be told something, and what is left of the company's limit.
 */
#ifndef RELAY_FRONT_H
#define RELAY_FRONT_H
#include "core/config.h"
#include "peer/front_answer.h"
#include "relay/delivery.h"
#include "store/bridge.h"

/* By name, since the configuration may be read again. */
struct front_pace {
	char name[CONFIG_FRONT_NAME + 1];
	int64_t next_us; /* when its next request may leave */
	int64_t held_us; /* nothing before this */
};

/* All zero: nothing is known. */
struct front {
	struct front_pace paces[CONFIG_FRONT_CHANNELS];
	size_t count;
	bool scarce;      /* hardly any request is left, */
	int64_t until_us; /* until then */
};

void front_note_rate(
    struct front *f, const struct front_rate *rate, int64_t now_s);

/*
 * Makes the named channel d->channel.  False after the job was put back: it
 * is not configured, it is held, or (with is_extra: contacts, tags) what is
 * left of the company's limit is for messages.
 */
bool front_begin(struct delivery *d, const char *channel, bool is_extra);

/* Begins a job about a text, which is read; not called where it is done. */
void front_begin_text(struct delivery *d, bool is_extra,
    void (*then)(struct delivery *d, const struct bridge_text *text));

/* delivery_send(), when it is the channel's turn. */
void front_send(struct delivery *d,
    void (*then)(struct delivery *d, const struct peer_answer *answer));

/* The channel is left alone for so long; returns for how long it is. */
int64_t front_hold(struct delivery *d, int64_t for_ms, bool alarms);

/* Says something to the agents of a conversation; then as delivery_send(). */
void front_say(struct delivery *d, const char *conversation_id,
    const char *words,
    void (*then)(struct delivery *d, const struct peer_answer *answer));

#endif
