#include "core/metrics_text.h"

#include <inttypes.h>

const char metrics_text_type[] = "text/plain; version=0.0.4; charset=utf-8";

/*
 * A sum that appears with its first count has not grown, as Prometheus sees
 * it.  So these are shown from the start, also where others are not.
 */
static const int known_statuses[] = { 200, 403, 500, 503 };

/* Of a row, which of its values; a histogram's le is none of them. */
struct place {
	const struct metric_row *row;
	size_t at[METRIC_LABELS];
};

static void
add_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
add_quoted(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		if (*text == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, *text);
	}
}

/* {a="b",c="d",le="0.1"}, or nothing. */
static void
add_labels(struct buf *out, const struct place *p, const char *le)
{
	const struct metric_label *l = p->row->labels;
	char open = '{';
	size_t i;

	for (i = 0; i < METRIC_LABELS && l[i].name != NULL; i++, open = ',') {
		buf_addf(out, "%c%s=\"", open, l[i].name);
		if (l[i].values != NULL)
			add_quoted(out, l[i].values[p->at[i]]);
		else
			buf_addf(out, "%zu", METRIC_STATUS_FIRST + p->at[i]);
		buf_add_char(out, '"');
	}
	if (le != NULL) {
		buf_addf(out, "%cle=\"%s\"", open, le);
		open = ',';
	}
	if (open == ',')
		buf_add_char(out, '}');
}

static void
add_seconds(struct buf *out, uint64_t us)
{
	buf_addf(
	    out, " %" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

static bool
is_shown(const struct place *p, uint64_t value)
{
	const struct metric_label *l = p->row->labels;
	size_t i, k;

	if (value > 0 || !p->row->sparse)
		return true;
	for (i = 0; i < METRIC_LABELS && l[i].name != NULL; i++)
		for (k = 0; l[i].values == NULL &&
			    k < sizeof(known_statuses) / sizeof(int);
		     k++)
			if (p->at[i] + METRIC_STATUS_FIRST ==
			    (size_t)known_statuses[k])
				return true;
	return false;
}

/* Buckets are added up here, so the largest is the count in any case. */
static void
add_histogram(
    struct buf *out, enum metric m, const struct place *p, size_t first)
{
	const char *name = p->row->name;
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < METRIC_BUCKETS; i++) {
		count += metrics_read(m, first + i);
		buf_addf(out, "%s_bucket", name);
		add_labels(out, p,
		    i < METRIC_BOUNDS ? metric_bounds[i].seconds : "+Inf");
		buf_addf(out, " %" PRIu64 "\n", count);
	}
	buf_addf(out, "%s_sum", name);
	add_labels(out, p, NULL);
	add_seconds(out, metrics_read(m, first + METRIC_SUM));
	buf_addf(out, "%s_count", name);
	add_labels(out, p, NULL);
	buf_addf(out, " %" PRIu64 "\n", count);
}

static void
add_cell(struct buf *out, enum metric m, const struct place *p, size_t n)
{
	uint64_t value;

	if (p->row->type == METRIC_HISTOGRAM) {
		add_histogram(out, m, p, n * (METRIC_SUM + 1));
		return;
	}
	value = metrics_read(m, n);
	if (!is_shown(p, value))
		return;
	buf_add_str(out, p->row->name);
	add_labels(out, p, NULL);
	if (p->row->type == METRIC_TIME)
		add_seconds(out, value);
	else
		buf_addf(out, " %" PRIu64 "\n", value);
}

static void
add_row(struct buf *out, enum metric m)
{
	struct place p = { .row = &metric_rows[m] };
	const struct metric_label *l = p.row->labels;
	size_t n = 0;

	add_head(out, p.row->name,
	    p.row->type == METRIC_HISTOGRAM ? "histogram" : "counter",
	    p.row->help);
	for (p.at[0] = 0; p.at[0] < metrics_values(&l[0]); p.at[0]++)
		for (p.at[1] = 0; p.at[1] < metrics_values(&l[1]); p.at[1]++)
			for (p.at[2] = 0; p.at[2] < metrics_values(&l[2]);
			     p.at[2]++)
				add_cell(out, m, &p, n++);
}

void
metrics_text_counts(struct buf *out)
{
	size_t i;

	for (i = 0; i < METRICS; i++)
		add_row(out, (enum metric)i);
}

void
metrics_text_gauge(struct buf *out, const struct gauge_row *row)
{
	add_head(out, row->name, "gauge", row->help);
}

void
metrics_text_value(struct buf *out, const struct gauge_row *row,
    const char *label, double value)
{
	buf_add_str(out, row->name);
	if (row->label != NULL) {
		buf_addf(out, "{%s=\"", row->label);
		add_quoted(out, label != NULL ? label : "");
		buf_add_str(out, "\"}");
	}
	buf_addf(out, " %.15g\n", value);
}
