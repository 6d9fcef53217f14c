/*
 * template.h -- fills the placeholders of a message template.
 *
 * {{first_name}}, {{last_name}}, {{display_name}} or {{name}},
 * {{company_name}} or {{company}}, {{worker}} or {{author}}: case, blanks
 * inside the braces and underscores do not count.  {{first_name|there}} gives
 * a text for a customer without one.  All are replaced, and what was put in
 * is never looked at again.
 */
#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H
#include <stdbool.h>

#include "base/buf.h"

/* NULL or empty where the customer has none. */
struct template_values {
	const char *display_name;
	const char *first_name;
	const char *last_name;
	const char *company_name;
	const char *worker;
};

/*
 * Appends the filled text.  False, with nothing appended, where a placeholder
 * is unknown or has neither value nor default: such a text must not be
 * offered, since a worker would send it with the braces.
 */
bool template_fill(
    struct buf *out, const char *content, const struct template_values *values);

#endif
