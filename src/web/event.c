#include "web/event.h"

#include "web/note.h"
#include "web/reply.h"

struct event_place
event_place(struct call *call, const struct event_fields *f)
{
	call->conversation = f->conversation.text;
	return (struct event_place){
		.conversation = f->conversation,
		.service = f->chat_service.text != NULL
			       ? f->chat_service
			       : f->conversation_service,
	};
}

enum rc
event_answer(struct call *call, const void *in, const struct rows *rows)
{
	struct event_outcome o;

	(void)in;
	event_outcome_read(rows, &o);
	call->outcome = arena_copy(call->arena, o.outcome, strlen(o.outcome));
	if (o.note != NULL)
		note_add(call, "%s", o.note);
	reply_empty(call);
	return RC_OK;
}

enum rc
event_ignore(struct call *call, const void *in, const struct rows *rows)
{
	(void)in;
	(void)rows;
	call->outcome = "ignored";
	reply_empty(call);
	return RC_OK;
}
