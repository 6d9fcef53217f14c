/*
 * front_tag.c -- tags a conversation in Front when it has got its first reply.
 *
 * Payload: text_id.  Source: front.md 11.  A tag goes by its id, which is
 * found by its name once, or made; an id that Front knows no more is forgotten
 * and looked for again.  A conversation that was merged answers with where it
 * is now.  May be repeated.
 */
#include "peer/front_request.h"
#include "peer/front_resource.h"
#include "relay/front.h"
#include "relay/kinds.h"
#include "store/bridge_name.h"

enum { PAGES_MAX = 50, MOVES_MAX = 3 };

struct front_tag {
	const char *conversation_id;
	const char *name;
	const char *tag_id;
	unsigned pages;
	unsigned moves;
	bool forgotten; /* an id that was wrong */
};

static void look_up(struct delivery *d);

static const struct base_url *
base(const struct delivery *d)
{
	return &d->settings->config.front.api_base_url;
}

static void
give_up(struct delivery *d, const struct peer_answer *answer)
{
	delivery_finish(d, QUEUE_DEAD, NULL, delivery_reason(d, answer));
}

static void
is_forgotten(struct delivery *d, const struct rows *rows)
{
	(void)rows;
	look_up(d);
}

static void add(struct delivery *d);

static void
is_added(struct delivery *d, const struct peer_answer *answer)
{
	struct front_tag *t = d->state;
	const char *moved = NULL;

	if (answer->verdict == VERDICT_DONE) {
		delivery_finish(d, QUEUE_SENT, t->conversation_id, NULL);
		return;
	}
	if (answer->verdict == VERDICT_MOVED && d->answer.location != NULL)
		moved = front_conversation_in(d->arena, d->answer.location);
	if (moved != NULL && ++t->moves <= MOVES_MAX) {
		t->conversation_id = moved;
		add(d);
	} else if (answer->status == 404 && !t->forgotten) {
		t->forgotten = true;
		tag_note_bind(&d->db, d->channel->name, t->name, NULL);
		delivery_ask(d, is_forgotten);
	} else {
		give_up(d, answer);
	}
}

static void
add(struct delivery *d)
{
	const struct front_tag *t = d->state;

	front_tag_add(
	    d->arena, base(d), t->conversation_id, t->tag_id, &d->request);
	front_send(d, is_added);
}

static void
is_kept(struct delivery *d, const struct rows *rows)
{
	(void)rows;
	add(d);
}

static void
keep(struct delivery *d, const char *tag_id)
{
	struct front_tag *t = d->state;

	t->tag_id = tag_id;
	tag_note_bind(&d->db, d->channel->name, t->name, tag_id);
	delivery_ask(d, is_kept);
}

static void
misread(struct delivery *d)
{
	delivery_retry(d, retry_of_verdict(VERDICT_UNKNOWN), delivery_error(d));
}

static void
is_created(struct delivery *d, const struct peer_answer *answer)
{
	const char *id;

	if (answer->verdict != VERDICT_DONE)
		give_up(d, answer);
	else if (front_tag_read(d->arena, d->answer.body, d->answer.body_len,
		     &id, &d->err) != RC_OK)
		misread(d);
	else
		keep(d, id);
}

static void
is_listed(struct delivery *d, const struct peer_answer *answer)
{
	struct front_tag *t = d->state;
	const char *id, *next;

	if (answer->verdict != VERDICT_DONE) {
		give_up(d, answer);
		return;
	}
	if (front_tag_find(d->arena, d->answer.body, d->answer.body_len,
		t->name, &id, &next, &d->err) != RC_OK) {
		misread(d);
		return;
	}
	if (id != NULL) {
		keep(d, id);
	} else if (next != NULL && ++t->pages < PAGES_MAX &&
		   front_next_page(
		       d->arena, base(d), "/tags", next, &d->request)) {
		front_send(d, is_listed);
	} else {
		front_tag_create(d->arena, base(d), t->name, &d->request);
		front_send(d, is_created);
	}
}

static void
look_up(struct delivery *d)
{
	front_tag_list(d->arena, base(d), &d->request);
	front_send(d, is_listed);
}

static void
id_is_here(struct delivery *d, const struct rows *rows)
{
	struct front_tag *t = d->state;

	t->tag_id = tag_id_read(rows, d->arena);
	if (t->tag_id != NULL)
		add(d);
	else
		look_up(d);
}

static void
begin(struct delivery *d, const struct bridge_text *text)
{
	const char *name = d->settings->config.front.first_response_tag;
	struct front_tag *t;

	if (name == NULL || text->front_conversation_id == NULL) {
		delivery_finish(d, QUEUE_UNNEEDED, NULL,
		    name == NULL ? "no tag is configured"
				 : "nobody knows its conversation in Front");
		return;
	}
	if (front_core_token(d) == NULL) {
		delivery_finish(d, QUEUE_UNNEEDED, NULL,
		    "a tag needs the channel's api_token_file");
		return;
	}
	t = arena_alloc(d->arena, sizeof(*t));
	t->conversation_id = text->front_conversation_id;
	t->name = name;
	d->state = t;
	d->peer = &peer_front_core;
	tag_id_bind(&d->db, d->channel->name, name);
	delivery_ask(d, id_is_here);
}

void
front_tag_start(struct delivery *d)
{
	front_begin_text(d, true, begin);
}
