#include "store/event.h"

void
event_outcome_read(const struct rows *rows, struct event_outcome *out)
{
	*out = (struct event_outcome){ .outcome = "no_answer" };
	if (rows_count(rows) == 0)
		return;
	if (rows_text(rows, 0, 0) != NULL)
		out->outcome = rows_text(rows, 0, 0);
	out->note = rows_text(rows, 0, 1);
}
