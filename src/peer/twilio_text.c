#include "peer/twilio_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "text/form.h"
#include "text/json_mend.h"
#include "text/words.h"

enum { DAY_S = 86400 };

/* ---- requests ---------------------------------------------------------- */

/* Takes over the buffer. */
static const char *
keep(struct arena *a, struct buf *b)
{
	const char *text = arena_copy(a, b->bytes, b->len);

	buf_release(b);
	return text;
}

static void
start_url(struct buf *url, const struct twilio_account *account)
{
	buf_init(url);
	buf_addf(url, "%s/2010-04-01/Accounts/%s/Messages", account->base->text,
	    account->sid);
}

static void
make_get(struct arena *a, struct buf *url, struct peer_request *out)
{
	*out = (struct peer_request){ .method = "GET", .url = keep(a, url) };
}

static void
add_field(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		buf_add_form(form, name, value);
}

void
twilio_text_send(struct arena *a, const struct twilio_account *account,
    const struct twilio_sending *s, struct peer_request *out)
{
	struct buf url, form;
	char seconds[16];
	size_t i;

	start_url(&url, account);
	buf_add_str(&url, ".json");
	buf_init(&form);
	add_field(&form, "To", s->to);
	add_field(&form, "From", s->from);
	add_field(&form, "ContentSid", s->content_sid);
	if (s->content_sid == NULL) {
		if (s->body != NULL && s->body[0] != '\0')
			add_field(&form, "Body", s->body);
		for (i = 0; i < s->media_count; i++)
			add_field(&form, "MediaUrl", s->media[i]);
	}
	add_field(&form, "StatusCallback", s->status_callback);
	(void)snprintf(seconds, sizeof(seconds), "%ld", s->valid_s);
	add_field(&form, "ValidityPeriod", seconds);
	*out = (struct peer_request){
		.method = "POST",
		.url = keep(a, &url),
		.body = keep(a, &form),
	};
}

void
twilio_text_fetch(struct arena *a, const struct twilio_account *account,
    const char *sid, struct peer_request *out)
{
	struct buf url;

	start_url(&url, account);
	buf_add_segment(&url, sid);
	buf_add_str(&url, ".json");
	make_get(a, &url, out);
}

static void
add_filter(struct buf *url, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(url, "&%s=", name);
	buf_add_url(url, value, strlen(value));
}

void
twilio_text_list(struct arena *a, const struct twilio_account *account,
    const char *to, const char *from, const char *since,
    struct peer_request *out)
{
	struct buf url;

	start_url(&url, account);
	buf_add_str(&url, ".json?PageSize=100");
	add_filter(&url, "To", to);
	add_filter(&url, "From", from);
	/* The name ends with ">": from that day on. */
	add_filter(&url, "DateSent%3E", since);
	make_get(a, &url, out);
}

void
twilio_media_list(struct arena *a, const struct twilio_account *account,
    const char *sid, struct peer_request *out)
{
	struct buf url;

	start_url(&url, account);
	buf_add_segment(&url, sid);
	buf_add_str(&url, "/Media.json");
	make_get(a, &url, out);
}

/* ---- answers ----------------------------------------------------------- */

static void
drop_json(void *handle)
{
	json_decref(handle);
}

/* Customers' words may hold what jansson refuses: the others must not wait. */
static json_t *
parse(struct arena *a, const char *body, size_t len, struct err *e)
{
	char *mended = arena_copy(a, body, len);
	json_t *value;

	(void)json_mend(mended, len);
	value = json_loadb(mended, len, 0, NULL);
	if (value != NULL)
		arena_defer(a, drop_json, value);
	if (json_is_object(value))
		return value;
	(void)err_set(e, RC_BUSY, "bad_answer",
	    "the answer is no JSON object (%zu bytes)", len);
	return NULL;
}

static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Days since 1970 of a day of the Gregorian calendar. */
static int64_t
count_days(int64_t year, int64_t month, int64_t day)
{
	/* Years begin in March, so that a leap day is the last of one. */
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t m = month <= 2 ? month + 9 : month - 3;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	       719469;
}

int64_t
twilio_date_read(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int day, year, hour, minute, second, zone = 0, used = 0;
	char name[4] = "";
	const char *month;

	if (text == NULL ||
	    sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %5d%n",
		&day, name, &year, &hour, &minute, &second, &zone,
		&used) != 7 ||
	    text[used] != '\0')
		return 0;
	month = strstr(months, name);
	if (month == NULL || strlen(name) != 3 || (month - months) % 3 != 0 ||
	    year < 1970 || day < 1 || day > 31 || hour < 0 || minute < 0 ||
	    second < 0)
		return 0;
	return count_days(year, (month - months) / 3 + 1, day) * DAY_S +
	       hour * 3600 + minute * 60 + second -
	       (zone / 100 * 3600 + zone % 100 * 60);
}

/* A code may be a number or, in lists, a text. */
static const char *
read_code(struct arena *a, const json_t *value)
{
	char digits[24];

	if (!json_is_integer(value))
		return json_string_value(value);
	(void)snprintf(digits, sizeof(digits), "%lld",
	    (long long)json_integer_value(value));
	return arena_copy(a, digits, strlen(digits));
}

static bool
read_text(struct arena *a, const json_t *value, struct twilio_text *out)
{
	const char *media = text_of(value, "num_media");

	*out = (struct twilio_text){
		.sid = text_of(value, "sid"),
		.status = text_of(value, "status"),
		.direction = text_of(value, "direction"),
		.to = text_of(value, "to"),
		.from = text_of(value, "from"),
		.body = text_of(value, "body"),
		.created_s = twilio_date_read(text_of(value, "date_created")),
		.sent_s = twilio_date_read(text_of(value, "date_sent")),
		.num_media = media != NULL ? strtol(media, NULL, 10) : 0,
		.error_code =
		    read_code(a, json_object_get(value, "error_code")),
	};
	return out->sid != NULL &&
	       (is_sid(out->sid, "SM") || is_sid(out->sid, "MM"));
}

static enum rc
refuse(struct err *e)
{
	return err_set(
	    e, RC_BUSY, "bad_answer", "the answer bears no SID SM... or MM...");
}

enum rc
twilio_text_read(struct arena *a, const char *body, size_t len,
    struct twilio_text *out, struct err *e)
{
	json_t *value = parse(a, body, len, e);

	if (value == NULL)
		return e->rc;
	return read_text(a, value, out) ? RC_OK : refuse(e);
}

static enum rc
find_list(json_t *value, const char *key, json_t **list, struct err *e)
{
	*list = json_object_get(value, key);
	if (json_is_array(*list))
		return RC_OK;
	return err_set(
	    e, RC_BUSY, "bad_answer", "the answer has no list '%s'", key);
}

enum rc
twilio_text_page_read(struct arena *a, const char *body, size_t len,
    struct twilio_text_page *out, struct err *e)
{
	json_t *value = parse(a, body, len, e), *list, *one;
	size_t i;

	if (value == NULL || find_list(value, "messages", &list, e) != RC_OK)
		return e->rc;
	*out = (struct twilio_text_page){
		.texts = arena_alloc(
		    a, (json_array_size(list) + 1) * sizeof(*out->texts)),
		.next = text_of(value, "next_page_uri"),
	};
	json_array_foreach (list, i, one)
		if (!read_text(a, one, &out->texts[out->count++]))
			return refuse(e);
	return RC_OK;
}

enum rc
twilio_media_read(struct arena *a, const struct twilio_account *account,
    const char *body, size_t len, const char **media, struct err *e)
{
	json_t *value = parse(a, body, len, e), *list, *one, *made;
	const char *sid, *of;
	struct buf url;
	char *text;
	size_t i;

	if (value == NULL || find_list(value, "media_list", &list, e) != RC_OK)
		return e->rc;
	made = json_array();
	arena_defer(a, drop_json, made);
	json_array_foreach (list, i, one) {
		sid = text_of(one, "sid");
		of = text_of(one, "parent_sid");
		if (sid == NULL || of == NULL)
			continue;
		start_url(&url, account);
		buf_add_segment(&url, of);
		buf_addf(&url, "/Media/%s", sid);
		/* The latest comes first, and a webhook has the first first. */
		(void)json_array_insert_new(made, 0,
		    json_pack("{s:s, s:s?}", "url", keep(a, &url),
			"content_type", text_of(one, "content_type")));
	}
	text = json_dumps(made, JSON_COMPACT);
	if (text == NULL)
		fatal("BUG: media that are no JSON");
	*media = arena_copy(a, text, strlen(text));
	free(text);
	return RC_OK;
}

bool
twilio_body_is_same(const char *left, const char *right)
{
	size_t n = left != NULL ? strlen(left) : 0;
	size_t m = right != NULL ? strlen(right) : 0;

	while (n > 0 && strchr(" \t\r\n", left[n - 1]) != NULL)
		n--;
	while (m > 0 && strchr(" \t\r\n", right[m - 1]) != NULL)
		m--;
	return n == m && (n == 0 || memcmp(left, right, n) == 0);
}
