/*
 * kinds.h -- THE table: every kind of job that the relay can do, one per file;
 * each file says its contract.
 */
#ifndef RELAY_KINDS_H
#define RELAY_KINDS_H
#include "relay/delivery.h"

struct kind {
	const char *name; /* of frontline_queue.job.kind */
	void (*start)(struct delivery *d);
	/* Too old, or it ends whoever takes it; NULL: it is a dead letter, and
	 * that is all. */
	void (*give_up)(struct delivery *d);
	/* job.evidence says that it has arrived; NULL: then it is done. */
	void (*believe)(struct delivery *d);
};

/* NULL: none of ours. */
const struct kind *kind_find(const char *name);

void participant_add_start(struct delivery *d);        /* participant_add.c */
void participant_attributes_start(struct delivery *d); /* ..._attributes.c */
void message_add_start(struct delivery *d);            /* message_add.c */
void front_message_start(struct delivery *d);          /* front_message.c */
void front_failed_start(struct delivery *d);           /* front_failed.c */
void front_comment_start(struct delivery *d);          /* front_comment.c */
void front_tag_start(struct delivery *d);              /* front_tag.c */
void front_contact_start(struct delivery *d);          /* front_contact.c */
void text_send_start(struct delivery *d);              /* text_send.c */
void text_send_give_up(struct delivery *d);
void text_send_believe(struct delivery *d);
void lookup_name_start(struct delivery *d); /* lookup_name.c */

#endif
