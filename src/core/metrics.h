/*
 * metrics.h -- THE table of what is measured: what the programs count, and
 * what the database is asked for when somebody looks (store/gauge.h).
 *
 * Counts are 64-bit cells in memory that the caller may share with other
 * processes (io/shared_file.h): an addition is one atomic instruction, so sums
 * are right over processes, restarts and whoever is killed.  Until
 * metrics_use() the cells are the process's own.
 */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric {
	METRIC_STARTS,      /* program */
	METRIC_STOPS,       /* program */
	METRIC_RELOADS,     /* program, result */
	METRIC_CONNECTIONS, /* program */
	METRIC_LOSSES,      /* program */
	METRIC_READS_MOVED,
	METRIC_REQUESTS,        /* route, status */
	METRIC_REQUEST_SECONDS, /* route */
	METRIC_ACTIONS,         /* action */
	METRIC_FORGERIES,       /* route */
	METRIC_FAILED_OPEN,
	METRIC_ATTEMPTS,    /* destination, kind, outcome */
	METRIC_RETRIES,     /* destination */
	METRIC_LIMITED,     /* destination */
	METRIC_UNCERTAIN,   /* destination */
	METRIC_PAUSES,      /* destination; in microseconds */
	METRIC_BREAKS,      /* destination */
	METRIC_SWEEP_FINDS, /* what */
	METRICS
};

enum metric_type {
	METRIC_COUNTER,
	METRIC_TIME,      /* a counter of microseconds, shown in seconds */
	METRIC_HISTOGRAM, /* of times, in one more label, le */
};

enum { METRIC_LABELS = 3 };

struct metric_label {
	const char *name; /* NULL: no more labels */
	/*
	 * Ends with NULL; the last is "other" where texts may come that are
	 * not in the list.  NULL: the statuses of HTTP, 100 to 599.
	 */
	const char *const *values;
};

struct metric_row {
	const char *name;
	enum metric_type type;
	struct metric_label labels[METRIC_LABELS];
	bool sparse; /* most of its cells stay zero, and are not shown */
	const char *help;
};

extern const struct metric_row metric_rows[METRICS];

/* Of the label program. */
extern const char metric_fcgi[];
extern const char metric_relay[];

/* A value that is looked up, in this or in other programs. */
struct gauge_row {
	const char *name;
	const char *label; /* or NULL */
	const char *help;
};

extern const struct gauge_row gauge_rows[];
extern const size_t gauge_row_count;

/* The upper bounds of a histogram's buckets; one without a bound follows. */
struct metric_bound {
	int64_t us;
	const char *seconds; /* as le says it */
};
enum { METRIC_BOUNDS = 12 };
extern const struct metric_bound metric_bounds[METRIC_BOUNDS];

/* How many cells there are, and a hash of what each of them means. */
size_t metrics_cells(void);
uint64_t metrics_layout(void);

/* Counts in these cells from now on; they outlive the process's last count. */
void metrics_use(_Atomic uint64_t *cells);

/*
 * Adds to the cell of these values, as many as the row has labels, the others
 * NULL.  A text that is not in its list counts as the list's last.
 */
void metrics_count(
    enum metric m, const char *first, const char *second, const char *third);
void metrics_add(enum metric m, const char *first, uint64_t n);
void metrics_count_request(const char *route, int status);
/* Into a histogram. */
void metrics_observe(enum metric m, const char *first, int64_t us);

/* Is this text in the label's list? */
bool metrics_know(enum metric m, size_t label, const char *text);

/*
 * For the text (core/metrics_text.h): how many values a label has (1 without a
 * name), and what is in a cell.  The cells of a row stand in the order of its
 * labels' values, the last label's next to each other; those of a histogram
 * are its buckets, not added up, and the sum of its times.
 */
enum { METRIC_STATUS_FIRST = 100, METRIC_STATUSES = 500 };
enum { METRIC_BUCKETS = METRIC_BOUNDS + 1, METRIC_SUM = METRIC_BUCKETS };
size_t metrics_values(const struct metric_label *label);
uint64_t metrics_read(enum metric m, size_t cell);

#endif
