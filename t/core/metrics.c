#include "core/metrics_text.h"

#include <ctype.h>

#include "t/tap.h"

static struct buf text;

static const char *
shown(void)
{
	buf_clear(&text);
	metrics_text_counts(&text);
	return text.bytes;
}

static int
has(const char *line)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	return strstr(shown(), whole) != NULL;
}

static bool
is_name(const char *name)
{
	const char *at = name;

	if (strncmp(name, "frontline_", 10) != 0)
		return false;
	while (islower((unsigned char)*at) || *at == '_')
		at++;
	return *at == '\0';
}

static void
test_tables(void)
{
	size_t i, k, bad = 0, twice = 0, helpless = 0, ends = 0;

	for (i = 0; i < METRICS; i++) {
		bad += !is_name(metric_rows[i].name);
		helpless += strpbrk(metric_rows[i].help, "\\\n") != NULL;
		ends += (strstr(metric_rows[i].name, "_total") == NULL) !=
			(metric_rows[i].type == METRIC_HISTOGRAM);
		for (k = 0; k < i; k++)
			twice += strcmp(metric_rows[i].name,
				     metric_rows[k].name) == 0;
	}
	for (i = 0; i < gauge_row_count; i++) {
		bad += !is_name(gauge_rows[i].name);
		helpless += strpbrk(gauge_rows[i].help, "\\\n") != NULL;
		ends += strstr(gauge_rows[i].name, "_total") != NULL;
		for (k = 0; k < i; k++)
			twice +=
			    strcmp(gauge_rows[i].name, gauge_rows[k].name) == 0;
	}
	is_int(bad, 0, "every metric has a name");
	is_int(twice, 0, "of its own");
	is_int(ends, 0, "which ends in _total where it counts");
	is_int(helpless, 0, "and a help of one line");
	for (i = 1, bad = 0; i < METRIC_BOUNDS; i++)
		bad += metric_bounds[i].us <= metric_bounds[i - 1].us;
	for (i = 0; i < METRIC_BOUNDS; i++)
		bad += (int64_t)(strtod(metric_bounds[i].seconds, NULL) * 1e6 +
				 0.5) != metric_bounds[i].us;
	is_int(bad, 0, "the bounds of buckets rise, and say what they are");
}

static void
test_count(void)
{
	metrics_count(METRIC_STARTS, metric_relay, NULL, NULL);
	metrics_count(METRIC_STARTS, metric_relay, NULL, NULL);
	ok(has("frontline_process_starts_total{program=\"frontline-relay\"} 2"),
	    "it counts");
	ok(has("frontline_process_starts_total{program=\"frontline-fcgi\"} 0"),
	    "and another value for itself");
	metrics_count(METRIC_ATTEMPTS, "front", "front.tag", "sent");
	metrics_count(METRIC_ATTEMPTS, "front", "no such kind", "no such end");
	metrics_count(METRIC_ATTEMPTS, "front", NULL, NULL);
	ok(has("frontline_job_attempts_total{destination=\"front\","
	       "kind=\"front.tag\",outcome=\"sent\"} 1"),
	    "in three dimensions");
	ok(has("frontline_job_attempts_total{destination=\"front\","
	       "kind=\"other\",outcome=\"other\"} 2"),
	    "what is in no list is another one");
	is_int(strstr(shown(), "kind=\"message.add\"") == NULL, 1,
	    "a sparse row shows what there is");
	metrics_count(METRIC_FAILED_OPEN, NULL, NULL, NULL);
	ok(has("frontline_http_failed_open_total 1"), "without a label");
	metrics_add(METRIC_PAUSES, "front", 1500000);
	metrics_add(METRIC_PAUSES, "front", 2);
	ok(has("frontline_destination_paused_seconds_total{"
	       "destination=\"front\"} 1.500002"),
	    "seconds");
}

static void
test_request(void)
{
	metrics_count_request("crm", 599);
	metrics_count_request("crm", 200);
	metrics_count_request("no such route", 404);
	metrics_count_request("crm", 99);
	metrics_count_request("crm", 600);
	ok(has("frontline_http_requests_total{route=\"crm\",status=\"200\"} 1"),
	    "a request");
	ok(has("frontline_http_requests_total{route=\"crm\",status=\"599\"} 1"),
	    "the last status");
	ok(has("frontline_http_requests_total{route=\"other\",status=\"404\"} "
	       "1"),
	    "a route that there is not");
	ok(has("frontline_http_requests_total{route=\"media\",status=\"503\"} "
	       "0"),
	    "what may come is there before it comes");
	ok(strstr(shown(), "status=\"600\"") == NULL &&
		strstr(text.bytes, "status=\"99\"") == NULL,
	    "no status of HTTP: not counted");
}

static void
test_histogram(void)
{
	static const int64_t took[] = { -1, 0, 1000, 1001, 5000000, 5000001,
		3600000000 };
	size_t i;

	for (i = 0; i < sizeof(took) / sizeof(took[0]); i++)
		metrics_observe(METRIC_REQUEST_SECONDS, "crm", took[i]);
#define H "frontline_http_request_duration_seconds"
	ok(has(H "_bucket{route=\"crm\",le=\"0.001\"} 3"), "up to a bound");
	ok(has(H "_bucket{route=\"crm\",le=\"0.0025\"} 4"), "and beyond it");
	ok(has(H "_bucket{route=\"crm\",le=\"5\"} 5"), "up to the last");
	ok(has(H "_bucket{route=\"crm\",le=\"+Inf\"} 7"), "and all");
	ok(has(H "_count{route=\"crm\"} 7"), "are counted");
	ok(has(H "_sum{route=\"crm\"} 3610.002002"), "and summed up");
	ok(has(H "_count{route=\"media\"} 0"), "each route for itself");
}

static void
test_gauge(void)
{
	const struct gauge_row plain = { "frontline_x", NULL, "what it is" };
	const struct gauge_row labelled = { "frontline_y", "place", "where" };

	buf_clear(&text);
	metrics_text_gauge(&text, &plain);
	metrics_text_value(&text, &plain, NULL, 0.25);
	metrics_text_value(&text, &labelled, "a\"b\\c\nd", 100000);
	metrics_text_value(&text, &labelled, NULL, 1e12);
	is_str(text.bytes,
	    "# HELP frontline_x what it is\n# TYPE frontline_x gauge\n"
	    "frontline_x 0.25\n"
	    "frontline_y{place=\"a\\\"b\\\\c\\nd\"} 100000\n"
	    "frontline_y{place=\"\"} 1000000000000\n",
	    "gauges");
}

static void
test_use(void)
{
	_Atomic uint64_t *cells = calloc(metrics_cells(), sizeof(*cells));
	size_t i, sum = 0;

	ok(metrics_cells() > 1000, "%zu cells", metrics_cells());
	ok(metrics_layout() != 0 && metrics_layout() == metrics_layout(),
	    "the layout has a name");
	metrics_use(cells);
	metrics_count(METRIC_STARTS, metric_fcgi, NULL, NULL);
	metrics_count_request("other", 599);
	metrics_count(METRIC_SWEEP_FINDS, "text", NULL, NULL);
	for (i = 0; i < metrics_cells(); i++)
		sum += cells[i];
	is_int(sum, 3, "it counts in the cells that it is given");
	is_int(cells[metrics_cells() - 1], 1, "up to the last");
	ok(has("frontline_process_starts_total{program=\"frontline-fcgi\"} 1"),
	    "and shows them");
	metrics_use(NULL);
	free(cells);
}

int
main(void)
{
	buf_init(&text);
	test_tables();
	test_count();
	test_request();
	test_histogram();
	test_gauge();
	test_use();
	buf_release(&text);
	return done_testing();
}
