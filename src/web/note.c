#include "web/note.h"

#include <stdarg.h>

void
note_add(struct call *call, const char *fmt, ...)
{
	size_t used = strlen(call->note);
	va_list ap;

	if (used > 0)
		used += (size_t)snprintf(
		    call->note + used, sizeof(call->note) - used, "; ");
	if (used >= sizeof(call->note))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(call->note + used, sizeof(call->note) - used, fmt, ap);
	va_end(ap);
}

void
note_moment(struct call *call, const char *name, const struct moment *m)
{
	if (m->is_odd)
		note_add(call, "%s is no date and was left out", name);
}

void
note_whole(struct call *call, const char *name, const struct whole *w)
{
	if (w->is_odd)
		note_add(call, "%s is no number and was left out", name);
}

void
note_addresses(
    struct call *call, const char *name, const struct address_list *list)
{
	if (list->count > 1)
		note_add(call, "%s has %u addresses, the first was taken", name,
		    list->count);
}
