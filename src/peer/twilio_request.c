#include "peer/twilio_request.h"

#include <string.h>

#include "base/buf.h"
#include "text/form.h"

/* Takes over the buffer. */
static const char *
keep(struct arena *a, struct buf *b)
{
	const char *text = arena_copy(a, b->bytes, b->len);

	buf_release(b);
	return text;
}

static void
add_segment(struct buf *url, const char *name, const char *value)
{
	buf_addf(url, "/%s", name);
	if (value != NULL)
		buf_add_segment(url, value);
}

static void
start_url(struct buf *url, const struct base_url *base, const char *service_sid)
{
	buf_init(url);
	buf_addf(url, "%s/v1", base->text);
	if (service_sid != NULL)
		add_segment(url, "Services", service_sid);
}

static void
make_get(struct arena *a, struct buf *url, struct peer_request *out)
{
	*out = (struct peer_request){ .method = "GET", .url = keep(a, url) };
}

static void
make_post(struct arena *a, struct buf *url, struct buf *form,
    struct peer_request *out)
{
	*out = (struct peer_request){
		.method = "POST",
		.url = keep(a, url),
		.body = keep(a, form),
	};
}

/* .../Conversations/{sid}/{collection}[/{member}] */
static void
start_conversation_url(struct buf *url, const struct twilio_conversation *c,
    const char *collection, const char *member)
{
	start_url(url, c->base, c->service_sid);
	add_segment(url, "Conversations", c->sid);
	add_segment(url, collection, member);
}

void
twilio_participant_add(struct arena *a, const struct twilio_conversation *c,
    const char *identity, struct peer_request *out)
{
	struct buf url, form;

	start_conversation_url(&url, c, "Participants", NULL);
	buf_init(&form);
	buf_add_form(&form, "Identity", identity);
	make_post(a, &url, &form, out);
}

void
twilio_participant_fetch(struct arena *a, const struct twilio_conversation *c,
    const char *participant, struct peer_request *out)
{
	struct buf url;

	start_conversation_url(&url, c, "Participants", participant);
	make_get(a, &url, out);
}

void
twilio_participant_update(struct arena *a, const struct twilio_conversation *c,
    const char *participant, const char *attributes, struct peer_request *out)
{
	struct buf url, form;

	start_conversation_url(&url, c, "Participants", participant);
	buf_init(&form);
	buf_add_form(&form, "Attributes", attributes);
	make_post(a, &url, &form, out);
}

void
twilio_message_add(struct arena *a, const struct twilio_conversation *c,
    const char *body, const char *attributes, struct peer_request *out)
{
	struct buf url, form;

	start_conversation_url(&url, c, "Messages", NULL);
	buf_init(&form);
	buf_add_form(&form, "Body", body);
	buf_add_form(&form, "Attributes", attributes);
	make_post(a, &url, &form, out);
}

void
twilio_message_list(struct arena *a, const struct twilio_conversation *c,
    struct peer_request *out)
{
	struct buf url;

	start_conversation_url(&url, c, "Messages", NULL);
	buf_add_str(&url, "?Order=desc&PageSize=100");
	make_get(a, &url, out);
}

void
twilio_conversations_of(struct arena *a, const struct twilio_conversation *c,
    const char *address, struct peer_request *out)
{
	struct buf url;

	start_url(&url, c->base, c->service_sid);
	buf_add_str(&url, "/ParticipantConversations?PageSize=50&Address=");
	buf_add_url(&url, address, strlen(address));
	make_get(a, &url, out);
}

/* The same scheme, host and port, or the links of a peer that is not it. */
bool
twilio_next_page(struct arena *a, const struct base_url *base, const char *link,
    struct peer_request *out)
{
	const size_t len = strlen(base->text);
	struct buf url;

	buf_init(&url);
	if (link[0] == '/' && link[1] != '/') {
		buf_add(&url, base->text, len - strlen(base->path));
		buf_add_str(&url, link);
	} else if (strncmp(link, base->text, len) == 0 && link[len] == '/') {
		buf_add_str(&url, link);
	} else {
		buf_release(&url);
		return false;
	}
	make_get(a, &url, out);
	return true;
}

static void
start_user_url(struct buf *url, const struct base_url *base, const char *user)
{
	start_url(url, base, NULL);
	add_segment(url, "Users", user);
}

void
twilio_user_fetch(struct arena *a, const struct base_url *base,
    const char *identity, struct peer_request *out)
{
	struct buf url;

	start_user_url(&url, base, identity);
	make_get(a, &url, out);
}

static void
add_change(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		buf_add_form(form, name, value);
}

void
twilio_user_update(struct arena *a, const struct base_url *base,
    const char *identity, const struct twilio_user_change *change,
    struct peer_request *out)
{
	struct buf url, form;

	start_user_url(&url, base, identity);
	buf_init(&form);
	add_change(&form, "FriendlyName", change->friendly_name);
	add_change(&form, "Avatar", change->avatar);
	add_change(&form, "State", change->state);
	add_change(&form, "IsAvailable", change->is_available);
	make_post(a, &url, &form, out);
}
