#include "relay/peers.h"

#include "base/clock.h"
#include "peer/front_answer.h"
#include "peer/front_jwt.h"
#include "peer/twilio_answer.h"
#include "relay/delivery.h"
#include "relay/front.h"

enum { SECOND = 1000 };

/* ---- Twilio ------------------------------------------------------------ */

static void
authorise_twilio(struct delivery *d, struct http_request *request)
{
	request->user = d->settings->user;
	request->password = d->settings->password;
}

static void
judge_twilio(struct delivery *d, struct peer_answer *out)
{
	twilio_judge(d->arena, d->answer.status, d->answer.body,
	    d->answer.body_len, d->answer.retry_after, out);
}

const struct peer peer_twilio = { authorise_twilio, judge_twilio };

/* ---- Front ------------------------------------------------------------- */

/* A token lives for seconds, so each attempt has its own. */
const char *
front_channel_token(struct delivery *d)
{
	const struct front_channel *c = d->channel;
	char id[UUID_LEN + 1];
	const struct front_jwt claims = {
		.app_uid = c->app_uid,
		.channel_id = c->channel_id,
		.id = id,
		.expires_s = clock_wall_ms() / SECOND + FRONT_JWT_S,
	};

	if (c->mode == FRONT_MODE_CUSTOM)
		return c->secret.bytes;
	uuid_make(id);
	return front_jwt_make(d->arena, &claims, c->secret.bytes);
}

const char *
front_core_token(const struct delivery *d)
{
	const struct front_channel *c = d->channel;

	if (c->api_token.bytes != NULL || c->mode == FRONT_MODE_APP)
		return c->api_token.bytes;
	return c->secret.bytes;
}

static void
authorise_channel(struct delivery *d, struct http_request *request)
{
	request->bearer = front_channel_token(d);
}

static void
authorise_core(struct delivery *d, struct http_request *request)
{
	request->bearer = front_core_token(d);
}

static void
judge_front(struct delivery *d, struct peer_answer *out)
{
	const struct http_answer *a = &d->answer;
	const int64_t now_s = clock_wall_ms() / SECOND;
	struct front_rate rate;

	front_rate_read(a->rate_limit, a->rate_remaining, a->rate_reset, &rate);
	front_note_rate(d->destination->relay->front, &rate, now_s);
	front_judge(d->arena, a->status, a->body, a->body_len, a->retry_after,
	    &rate, now_s, out);
}

const struct peer peer_front = { authorise_channel, judge_front };
const struct peer peer_front_core = { authorise_core, judge_front };
