#include "core/metrics.h"

#include <stdatomic.h>
#include <string.h>

#include "base/log.h"

const char metric_fcgi[] = "frontline-fcgi";
const char metric_relay[] = "frontline-relay";

/* ---- the values of labels ---------------------------------------------- */

static const char *const programs[] = { metric_fcgi, metric_relay, NULL };
static const char *const results[] = { "ok", "failed", NULL };

static const char *const routes[] = { "crm", "outgoing", "templates", "routing",
	"conversations", "messages", "status", "front", "media", "healthz",
	"readyz", "metrics", "other", NULL };

static const char *const actions[] = { "GetCustomersList",
	"GetCustomerDetailsByCustomerId", "GetProxyAddress",
	"GetTemplatesByCustomerId", "onConversationAdd", "onConversationAdded",
	"onConversationUpdate", "onConversationUpdated",
	"onConversationStateUpdated", "onConversationRemove",
	"onConversationRemoved", "onParticipantAdd", "onParticipantAdded",
	"onParticipantUpdate", "onParticipantUpdated", "onParticipantRemove",
	"onParticipantRemoved", "onMessageAdd", "onMessageAdded",
	"onMessageUpdate", "onMessageUpdated", "onMessageRemove",
	"onMessageRemoved", "onDeliveryUpdated", "onUserAdded", "onUserUpdate",
	"onUserUpdated", "authorization", "message", "message_autoreply",
	"message_imported", "delete", "other", NULL };

static const char *const destinations[] = { "conversations", "twilio_messages",
	"lookups", "front", NULL };

static const char *const kinds[] = { "participant.add",
	"participant.attributes", "message.add", "front.message",
	"front.failed", "front.comment", "front.tag", "front.contact",
	"text.send", "lookup.name", "other", NULL };

/* What became of it, or why it comes again. */
static const char *const outcomes[] = { "sent", "unneeded", "reconciled",
	"dead", "limited", "not_yet", "conflict", "unknown", "stop", "not_sent",
	"uncertain", "not_public", "bad_peer", "fault", "picture", "not_there",
	"waits", "left", "other", NULL };

static const char *const finds[] = { "conversation", "text", NULL };

#define PROGRAM                                                                \
	{                                                                      \
		"program", programs                                            \
	}
#define ROUTE                                                                  \
	{                                                                      \
		"route", routes                                                \
	}
#define DESTINATION                                                            \
	{                                                                      \
		"destination", destinations                                    \
	}

/* ---- the tables -------------------------------------------------------- */

/* clang-format off */
const struct metric_row metric_rows[METRICS] = {
	[METRIC_STARTS] = { "frontline_process_starts_total", METRIC_COUNTER, { PROGRAM }, false,
		"Processes of this host that were started" },
	[METRIC_STOPS] = { "frontline_process_stops_total", METRIC_COUNTER, { PROGRAM }, false,
		"Processes of this host that ended as they were told to; those that were started, did not stop and do not run have died" },
	[METRIC_RELOADS] = { "frontline_config_reloads_total", METRIC_COUNTER, { PROGRAM, { "result", results } }, false,
		"How often a process of this host read its configuration again; failed: the old one stays" },
	[METRIC_CONNECTIONS] = { "frontline_database_connections_total", METRIC_COUNTER, { PROGRAM }, false,
		"Connections to PostgreSQL that came up" },
	[METRIC_LOSSES] = { "frontline_database_connections_lost_total", METRIC_COUNTER, { PROGRAM }, false,
		"Connections to PostgreSQL that were up and broke" },
	[METRIC_READS_MOVED] = { "frontline_database_reads_moved_total", METRIC_COUNTER, { { NULL, NULL } }, false,
		"Reads that were the standby's, and went to the primary" },
	[METRIC_REQUESTS] = { "frontline_http_requests_total", METRIC_COUNTER, { ROUTE, { "status", NULL } }, true,
		"Requests that the responder processes of this host have answered; 499: whoever asked had gone" },
	[METRIC_REQUEST_SECONDS] = { "frontline_http_request_duration_seconds", METRIC_HISTOGRAM, { ROUTE }, false,
		"From the parameters of a request to its answer" },
	[METRIC_ACTIONS] = { "frontline_http_actions_total", METRIC_COUNTER, { { "action", actions } }, false,
		"Requests by what they ask for, where a field of theirs says so" },
	[METRIC_FORGERIES] = { "frontline_http_signatures_refused_total", METRIC_COUNTER, { ROUTE }, false,
		"Requests whose signature was missing or wrong" },
	[METRIC_FAILED_OPEN] = { "frontline_http_failed_open_total", METRIC_COUNTER, { { NULL, NULL } }, false,
		"Conversations that began without a name, because something was wrong" },
	[METRIC_ATTEMPTS] = { "frontline_job_attempts_total", METRIC_COUNTER,
		{ DESTINATION, { "kind", kinds }, { "outcome", outcomes } }, true,
		"Jobs that the relays of this host had in hand, and what became of them" },
	[METRIC_RETRIES] = { "frontline_job_retries_total", METRIC_COUNTER, { DESTINATION }, false,
		"Jobs that the relays of this host put back, for another attempt" },
	[METRIC_LIMITED] = { "frontline_peer_limited_total", METRIC_COUNTER, { DESTINATION }, false,
		"Answers 429 (too many requests) to jobs of this host" },
	[METRIC_UNCERTAIN] = { "frontline_job_uncertain_total", METRIC_COUNTER, { DESTINATION }, false,
		"Requests of this host of which nobody knew whether they had arrived" },
	[METRIC_PAUSES] = { "frontline_destination_paused_seconds_total", METRIC_TIME, { DESTINATION }, false,
		"For how long the relays of this host have paused a destination, each pause counted when it begins" },
	[METRIC_BREAKS] = { "frontline_destination_breaks_total", METRIC_COUNTER, { DESTINATION }, false,
		"How often a relay of this host left a destination alone after failures in a row" },
	[METRIC_SWEEP_FINDS] = { "frontline_sweep_finds_total", METRIC_COUNTER, { { "what", finds } }, false,
		"What the sweeps of this host found, and a webhook should have brought" },
};

#define SAME ", the same from every host: use max()"
const struct gauge_row gauge_rows[] = {
	{ "frontline_build_info", "version", "The program that answers; always 1" },
	{ "frontline_metrics_shared", NULL, "1: the counters are those of all processes of this host; 0: the one that answers has others" },
	{ "frontline_database_up", NULL, "1: the database has answered just now" },
	{ "frontline_database_metrics", NULL, "1: it has also said what stands below; 0: out of time, or its schema is too old" },
	{ "frontline_schema_version_needed", NULL, "The oldest schema that this program works with" },
	{ "frontline_schema_version", NULL, "Version of the schema" SAME },
	{ "frontline_queue_jobs", "destination", "Jobs that are not done, up to 200000" SAME },
	{ "frontline_queue_oldest_seconds", "destination", "Age of the oldest of them, 0 where there is none" SAME },
	{ "frontline_queue_waiting_lanes", "destination", "Lanes with work that nobody has in hand" SAME },
	{ "frontline_queue_leased_lanes", "destination", "Lanes that a relay has in hand: transfers under way" SAME },
	{ "frontline_queue_uncertain_jobs", "destination", "Jobs whose request is under way, or may have arrived" SAME },
	{ "frontline_queue_uncertain_seconds", "destination", "For how long the oldest of them, 0 where there is none" SAME },
	{ "frontline_queue_dead_letters", "destination", "Dead letters that nobody has dealt with" SAME },
	{ "frontline_queue_paused_seconds", "destination", "For how long nothing will be claimed yet" SAME },
	{ "frontline_queue_partition_missing", NULL, "1: tomorrow has no partition of the jobs that are done; no relay keeps house" SAME },
	{ "frontline_queue_dead_rows", "table", "Row versions that wait for vacuum" SAME },
	{ "frontline_relay_connections", NULL, "Connections of relays to the database; 0: no relay runs" SAME },
	{ "frontline_conversations_without_worker", NULL, "Open conversations of customers that no worker has" SAME },
	{ "frontline_conversations_without_worker_seconds", NULL, "For how long the oldest of them, 0 where there is none" SAME },
	{ "frontline_texts_without_fate", NULL, "Texts of the last two days that Twilio took an hour ago or earlier, and has not said more about" SAME },
};
#undef SAME
/* clang-format on */

const size_t gauge_row_count = sizeof(gauge_rows) / sizeof(gauge_rows[0]);

const struct metric_bound metric_bounds[METRIC_BOUNDS] = {
	{ 1000, "0.001" },
	{ 2500, "0.0025" },
	{ 5000, "0.005" },
	{ 10000, "0.01" },
	{ 25000, "0.025" },
	{ 50000, "0.05" },
	{ 100000, "0.1" },
	{ 250000, "0.25" },
	{ 500000, "0.5" },
	{ 1000000, "1" },
	{ 2500000, "2.5" },
	{ 5000000, "5" },
};

/* ---- the cells --------------------------------------------------------- */

/* Room for all of them: metrics_cells() looks that it is enough. */
enum { OWN_CELLS = 16 * 1024 };

static _Atomic uint64_t own[OWN_CELLS];
static _Atomic uint64_t *shared;
static size_t first_cell[METRICS + 1]; /* the last: their number */

size_t
metrics_values(const struct metric_label *label)
{
	size_t n = 0;

	if (label->name == NULL)
		return 1;
	if (label->values == NULL)
		return METRIC_STATUSES;
	while (label->values[n] != NULL)
		n++;
	return n;
}

size_t
metrics_cells(void)
{
	size_t i, k, n, at = 0;

	if (first_cell[METRICS] > 0)
		return first_cell[METRICS];
	for (i = 0; i < METRICS; i++) {
		first_cell[i] = at;
		n = metric_rows[i].type == METRIC_HISTOGRAM ? METRIC_SUM + 1
							    : 1;
		for (k = 0; k < METRIC_LABELS; k++)
			n *= metrics_values(&metric_rows[i].labels[k]);
		at += n;
	}
	if (at > OWN_CELLS)
		fatal("BUG: %zu metrics where %d have room", at, OWN_CELLS);
	return first_cell[METRICS] = at;
}

static uint64_t
hash(uint64_t h, const char *text)
{
	/* FNV-1a, with the end of the text. */
	do {
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++ != '\0');
	return h;
}

uint64_t
metrics_layout(void)
{
	static const char *const types[] = { "counter", "time", "histogram" };
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const struct metric_label *l;
	size_t i, k, v;

	for (i = 0; i < METRICS; i++) {
		h = hash(h, metric_rows[i].name);
		h = hash(h, types[metric_rows[i].type]);
		for (k = 0; k < METRIC_LABELS; k++) {
			l = &metric_rows[i].labels[k];
			if (l->name == NULL)
				break;
			h = hash(h, l->name);
			for (v = 0; l->values != NULL && l->values[v] != NULL;
			     v++)
				h = hash(h, l->values[v]);
		}
	}
	for (i = 0; i < METRIC_BOUNDS; i++)
		h = hash(h, metric_bounds[i].seconds);
	return h;
}

void
metrics_use(_Atomic uint64_t *cells)
{
	shared = cells;
}

static _Atomic uint64_t *
cell(enum metric m, size_t n)
{
	if (first_cell[METRICS] == 0)
		(void)metrics_cells();
	return (shared != NULL ? shared : own) + first_cell[m] + n;
}

/* Nobody infers anything from the order in which cells change. */
static void
add(enum metric m, size_t at, uint64_t n)
{
	atomic_fetch_add_explicit(cell(m, at), n, memory_order_relaxed);
}

uint64_t
metrics_read(enum metric m, size_t at)
{
	return atomic_load_explicit(cell(m, at), memory_order_relaxed);
}

/* ---- counting ---------------------------------------------------------- */

/* The place of a text in a label's list; that of its end: it has none. */
static size_t
find(const struct metric_label *label, const char *text)
{
	size_t i;

	for (i = 0; label->values[i] != NULL; i++)
		if (text != NULL && strcmp(label->values[i], text) == 0)
			break;
	return i;
}

bool
metrics_know(enum metric m, size_t label, const char *text)
{
	const struct metric_label *l = &metric_rows[m].labels[label];

	return l->values[find(l, text)] != NULL;
}

/* The place that a text counts at. */
static size_t
place(const struct metric_label *label, const char *text)
{
	size_t i;

	if (label->name == NULL)
		return 0;
	i = find(label, text);
	return label->values[i] != NULL ? i : i - 1;
}

void
metrics_count(
    enum metric m, const char *first, const char *second, const char *third)
{
	const struct metric_label *l = metric_rows[m].labels;
	size_t at = place(&l[0], first);

	at = at * metrics_values(&l[1]) + place(&l[1], second);
	at = at * metrics_values(&l[2]) + place(&l[2], third);
	add(m, at, 1);
}

void
metrics_add(enum metric m, const char *first, uint64_t n)
{
	add(m, place(&metric_rows[m].labels[0], first), n);
}

void
metrics_count_request(const char *route, int status)
{
	const size_t r = place(&metric_rows[METRIC_REQUESTS].labels[0], route);

	if (status >= METRIC_STATUS_FIRST &&
	    status < METRIC_STATUS_FIRST + METRIC_STATUSES)
		add(METRIC_REQUESTS,
		    r * METRIC_STATUSES + (size_t)status - METRIC_STATUS_FIRST,
		    1);
}

void
metrics_observe(enum metric m, const char *first, int64_t us)
{
	const size_t at =
	    place(&metric_rows[m].labels[0], first) * (METRIC_SUM + 1);
	size_t i;

	for (i = 0; i < METRIC_BOUNDS && us > metric_bounds[i].us; i++)
		;
	add(m, at + i, 1);
	add(m, at + METRIC_SUM, us > 0 ? (uint64_t)us : 0);
}
