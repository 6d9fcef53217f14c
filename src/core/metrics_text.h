/*
 * metrics_text.h -- what is measured, as Prometheus reads it (text format
 * 0.0.4).  Pure.
 */
#ifndef CORE_METRICS_TEXT_H
#define CORE_METRICS_TEXT_H
#include "base/buf.h"
#include "core/metrics.h"

extern const char metrics_text_type[]; /* its Content-Type */

/* Every counter and histogram of the table. */
void metrics_text_counts(struct buf *out);

/* What comes in front of the values of one gauge. */
void metrics_text_gauge(struct buf *out, const struct gauge_row *row);
/* One value of it; label is NULL where the row has none. */
void metrics_text_value(struct buf *out, const struct gauge_row *row,
    const char *label, double value);

#endif
