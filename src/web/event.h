/*
 * event.h -- what the events of Conversations have in common.
 *
 * Each is one statement, which is one transaction, and is answered with 200
 * and {} when that is committed.  While the database is away it is 503, which
 * means "please repeat".
 */
#ifndef WEB_EVENT_H
#define WEB_EVENT_H
#include "store/event.h"
#include "web/call.h"

/* Webhooks say ChatServiceSid, the routing callback the other. */
struct event_fields {
	struct sid conversation;
	struct sid chat_service;
	struct sid conversation_service;
};

/* Their rows, for a struct whose member `at` they are. */
#define EVENT_FIELDS                                                           \
	FIELD(at.conversation, struct sid, conversation_sid_parse,             \
	    "ConversationSid", REQUIRED),                                      \
	    FIELD(at.chat_service, struct sid, service_sid_parse,              \
		"ChatServiceSid", OPTIONAL),                                   \
	    FIELD(at.conversation_service, struct sid, service_sid_parse,      \
		"ConversationServiceSid", OPTIONAL)

/* Where it happened; also for the log. */
struct event_place event_place(struct call *call, const struct event_fields *f);

/* The answer() of them all: outcome and note go into the log. */
enum rc event_answer(
    struct call *call, const void *in, const struct rows *rows);

/* The answer() of events that we know and have no use for. */
enum rc event_ignore(
    struct call *call, const void *in, const struct rows *rows);

#endif
