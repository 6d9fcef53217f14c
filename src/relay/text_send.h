/*
 * text_send.h -- what the parts of text.send share: text_send.c (the way of
 * it), text_files.c (what goes along), text_find.c (has it arrived?).
 */
#ifndef RELAY_TEXT_SEND_H
#define RELAY_TEXT_SEND_H
#include "peer/twilio_text.h"
#include "relay/delivery.h"
#include "relay/download.h"
#include "store/bridge.h"

/* Texts in Twilio's list that might be this one. */
enum { TEXT_CANDIDATES = 32 };

struct text_send {
	const char *text_id;
	struct bridge_sending text;
	struct twilio_account account;

	/* text_files.c */
	json_t *attachments;
	json_t *kept;
	size_t next;                          /* of attachments */
	const char *media[TWILIO_TEXT_MEDIA]; /* URLs for Twilio */
	size_t media_count;
	const char *filename;
	struct download download;
	void (*files_are_ready)(struct delivery *d);

	/* text_find.c */
	struct twilio_text candidates[TEXT_CANDIDATES];
	size_t candidate_count;
	size_t candidate; /* that is tried */
	unsigned pages;
	void (*is_absent)(struct delivery *d);

	/* How it ends, when the database has it. */
	enum queue_outcome outcome;
	const char *sid;
	const char *why;
};

/*
 * Takes what the agent attached to where Twilio may fetch it: media.  What
 * cannot go along is told to the agent.
 */
void text_files_prepare(struct delivery *d, void (*then)(struct delivery *d));

/*
 * Looks for a text whose request may have arrived in Twilio's list.  The job
 * ends when it is there; then goes on when it is not.
 */
void text_find(struct delivery *d, void (*is_absent)(struct delivery *d));

/* It will not be sent: the agent is told, then the job ends. */
void text_refuse(struct delivery *d, enum queue_outcome outcome,
    const char *error_code, const char *reason);

#endif
