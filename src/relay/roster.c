#include "relay/roster.h"

#include "base/clock.h"
#include "base/log.h"
#include "peer/twilio_answer.h"
#include "peer/twilio_request.h"
#include "peer/twilio_resource.h"
#include "relay/retry.h"
#include "store/roster.h"

enum {
	SECOND_US = 1000 * 1000,
	LOOK_US = SECOND_US, /* for workers who are due */
	CALL_US = 5 * SECOND_US,
};

/* ---- one worker -------------------------------------------------------- */

static void
end_call(struct roster_call *c)
{
	settings_release(c->settings);
	c->settings = NULL;
}

static void
is_noted(struct db_call *db, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct roster_call *c = OWNER_OF(db, struct roster_call, db);

	c->asking = false;
	if (rc != RC_OK)
		log_warn("roster: %s", e->text);
	else if (strcmp(roster_note_read(rows), "changed") == 0)
		log_info("roster: user=%s changed", c->sid);
	end_call(c);
}

static void
note(struct roster_call *c)
{
	c->asking = true;
	c->db.deadline_us = clock_us() + CALL_US;
	c->db.on_done = is_noted;
	db_pool_submit(c->roster->relay->db, &c->db);
}

static void
note_user(struct roster_call *c, const struct http_answer *answer)
{
	struct roster_entry entry = { .identity = c->identity };
	struct twilio_user user;
	struct err e;

	if (twilio_user_read(
		c->arena, answer->body, answer->body_len, &user, &e) != RC_OK) {
		log_warn("roster: a user could not be read: %s", e.text);
		end_call(c);
		return;
	}
	entry.sid = user.sid;
	c->sid = user.sid != NULL ? user.sid : "-";
	entry.friendly_name = user.friendly_name;
	entry.avatar = user.avatar;
	entry.state = user.state;
	entry.is_available = user.is_available;
	roster_note_bind(&c->db, &entry);
	note(c);
}

/* The next look at this worker comes with the next interval. */
static void
fail(struct roster_call *c, const struct retry_class *class,
    int64_t retry_after_ms, const char *why)
{
	struct roster *o = c->roster;
	const int64_t now_us = clock_us();
	int64_t wait_ms;

	log_warn("roster: a user could not be asked about: %s", why);
	end_call(c);
	if (breaker_look(&o->breaker, now_us) == BREAKER_OPEN)
		return;
	if (class->breaks)
		(void)breaker_failed(&o->breaker, now_us);
	if (!class->holds)
		return;
	wait_ms = retry_delay_ms(class, ++o->refusals);
	if (wait_ms < retry_after_ms)
		wait_ms = retry_after_ms;
	breaker_hold(&o->breaker, now_us + wait_ms * 1000);
	log_warn("roster: nobody is asked about for %lld ms: %s",
	    (long long)wait_ms, class->name);
}

static void
peer_answered(struct http_call *http, enum rc rc,
    const struct http_answer *answer, const struct err *e)
{
	struct roster_call *c = OWNER_OF(http, struct roster_call, http);
	struct roster *o = c->roster;
	const struct retry_class *class;
	struct peer_answer a;
	char why[64];

	if (rc != RC_OK) {
		fail(c, retry_of_failure(e->code), 0, e->text);
		return;
	}
	twilio_judge(c->arena, answer->status, answer->body, answer->body_len,
	    answer->retry_after, &a);
	(void)snprintf(
	    why, sizeof(why), "status %ld, code %ld", a.status, a.code);
	class = retry_of_verdict(a.verdict);
	if (class != NULL) {
		fail(c, class, a.retry_after_ms, why);
		return;
	}
	if (breaker_worked(&o->breaker, clock_us()))
		o->refusals = 0;
	if (a.verdict == VERDICT_DONE) {
		note_user(c, answer);
	} else if (a.status == 404 && a.code != 0) {
		/* Without a code it is not Twilio who knows nobody. */
		roster_absent_bind(&c->db, c->identity);
		note(c);
	} else {
		log_warn("roster: a user could not be asked about: %s", why);
		end_call(c);
	}
}

static void
begin_call(struct roster_call *c, const char *identity)
{
	struct relay *r = c->roster->relay;
	struct peer_request request;
	const struct config *config;

	arena_reset(c->arena);
	c->settings = settings_hold(r->settings);
	config = &c->settings->config;
	c->identity = arena_copy(c->arena, identity, strlen(identity));
	c->sid = "-";
	twilio_user_fetch(c->arena, &config->twilio.frontline_base_url,
	    c->identity, &request);
	c->http = (struct http_call){
		.request = {
			.method = request.method,
			.url = request.url,
			.user = c->settings->user,
			.password = c->settings->password,
		},
		.arena = c->arena,
		.on_done = peer_answered,
	};
	limiter_take(&c->roster->limiter, clock_us());
	http_submit(r->http, &c->http);
}

/* ---- who is due -------------------------------------------------------- */

static long
count_free(const struct roster *o)
{
	long n = 0;
	size_t i;

	for (i = 0; i < ROSTER_CALLS; i++)
		n += o->calls[i].settings == NULL;
	return n;
}

bool
roster_is_idle(const struct roster *o)
{
	return !o->listing && count_free(o) == ROSTER_CALLS;
}

static void
list_is_here(struct db_call *call, enum rc rc, const struct rows *rows,
    const struct err *e)
{
	struct roster *o = OWNER_OF(call, struct roster, list);
	int row = 0;
	size_t i;

	o->listing = false;
	o->look_us = clock_us() + LOOK_US;
	if (rc != RC_OK) {
		if (rc == RC_FAULT)
			log_error("roster: %s", e->text);
		return;
	}
	for (i = 0; i < ROSTER_CALLS && row < rows_count(rows); i++)
		if (o->calls[i].settings == NULL)
			begin_call(&o->calls[i], roster_list_read(rows, row++));
	if (row == o->asked)
		o->look_us = clock_us();
}

static long
find_room(struct roster *o, int64_t now_us)
{
	const long tokens = limiter_room(&o->limiter, now_us);
	long room = count_free(o);

	switch (breaker_look(&o->breaker, now_us)) {
	case BREAKER_OPEN:
		return 0;
	case BREAKER_HALF_OPEN:
		room = room == ROSTER_CALLS ? 1 : 0;
		break;
	case BREAKER_CLOSED:
		break;
	}
	return room < tokens ? room : tokens;
}

void
roster_tend(struct roster *o, int64_t now_us)
{
	const struct config *c = &o->relay->settings->config;
	long room;

	if (o->relay->draining || o->listing || now_us < o->look_us ||
	    c->limits.users_interval == 0)
		return;
	room = find_room(o, now_us);
	if (room <= 0)
		return;
	arena_reset(o->arena);
	o->listing = true;
	o->asked = room;
	o->list = (struct db_call){
		.deadline_us = now_us + CALL_US,
		.on_done = list_is_here,
	};
	roster_list_bind(
	    &o->list, o->arena, room, (int64_t)c->limits.users_interval * 1000);
	db_pool_submit(o->relay->db, &o->list);
}

int64_t
roster_next_us(struct roster *o, int64_t now_us)
{
	const struct config *c = &o->relay->settings->config;
	int64_t next_us = o->look_us, at_us;

	if (o->relay->draining || o->listing || count_free(o) == 0 ||
	    c->limits.users_interval == 0)
		return INT64_MAX;
	if (o->breaker.until_us > 0 && !roster_is_idle(o))
		return INT64_MAX;
	if (o->breaker.until_us > next_us)
		next_us = o->breaker.until_us;
	at_us = limiter_next_us(&o->limiter, now_us);
	return at_us > next_us ? at_us : next_us;
}

/* ---- life -------------------------------------------------------------- */

void
roster_init(struct roster *o, struct relay *r)
{
	size_t i;

	*o = (struct roster){ .relay = r, .arena = arena_new() };
	limiter_init(&o->limiter, r->settings->config.limits.users_per_minute,
	    clock_us());
	for (i = 0; i < ROSTER_CALLS; i++) {
		o->calls[i].roster = o;
		o->calls[i].arena = arena_new();
	}
}

void
roster_adopt(struct roster *o)
{
	limiter_change(&o->limiter,
	    o->relay->settings->config.limits.users_per_minute, clock_us());
	breaker_probe(&o->breaker, clock_us());
}

void
roster_free(struct roster *o)
{
	struct roster_call *c;

	if (o->listing)
		db_pool_cancel(o->relay->db, &o->list);
	for (c = o->calls; c < o->calls + ROSTER_CALLS; c++) {
		if (c->settings != NULL) {
			if (c->asking)
				db_pool_cancel(o->relay->db, &c->db);
			http_cancel(&c->http);
			end_call(c);
		}
		arena_free(c->arena);
	}
	arena_free(o->arena);
}
