/*
 * form.h -- an application/x-www-form-urlencoded body becomes pairs, and
 * pairs become a struct of values by a table of fields.
 *
 * form_decode() is syntax alone and keeps every pair: all of them are signed.
 * form_fill() is meaning: it looks only at the names of its table.  Pairs and
 * values borrow from the arena they were made in.
 */
#ifndef TEXT_FORM_H
#define TEXT_FORM_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Decoded bytes with a NUL behind them; the length counts. */
struct form_pair {
	const char *name;
	const char *value;
	size_t name_len;
	size_t value_len;
};

struct form {
	struct form_pair *pairs; /* as they arrived */
	size_t count;
};

struct form_limits {
	size_t fields;
	size_t value; /* bytes of one value */
	size_t name;  /* ... and of one name */
};

/*
 * RC_INVALID: a '%' without two hex digits, a NUL in a name, or more than
 * the limits allow.  '+' is a blank, an empty segment is skipped, a missing
 * '=' is an empty value (twilio.md 3.2).
 */
enum rc form_decode(struct arena *a, const char *bytes, size_t len,
    const struct form_limits *limits, struct form *out,
    struct err *e) MUST_CHECK;

/*
 * Turns the bytes of one value into *out.  Returns RC_INVALID with a sentence
 * about the value; the name is put in front by form_fill().
 */
typedef enum rc field_parser(
    struct arena *a, const char *bytes, size_t len, void *out, struct err *e);

/* REPEATED is optional too, and each of its values goes to the parser. */
enum field_need { OPTIONAL, REQUIRED, REPEATED };

struct field {
	const char *name;
	field_parser *parse;
	size_t offset;
	enum field_need need;
};

/*
 * A row of a table of fields for the struct FIELD_OF.  A member whose type is
 * not type_ does not compile.
 */
#define FIELD(member_, type_, parser_, name_, need_)                           \
	{                                                                      \
		.name = (name_), .parse = (parser_), .need = (need_),          \
		.offset = offsetof(FIELD_OF, member_) +                        \
			  0 * sizeof((type_ *)0 == &((FIELD_OF *)0)->member_), \
	}
#define FIELD_END                                                              \
	{                                                                      \
		.name = NULL                                                   \
	}

/*
 * Fills the zeroed struct `into`.  An empty value counts as missing, as form
 * encoding cannot say null (twilio.md section 2).  RC_INVALID: a required
 * field is missing, a field of the table that is not REPEATED stands there
 * twice, or its value does not parse.
 */
enum rc form_fill(struct arena *a, const struct form *form,
    const struct field *fields, void *into, struct err *e) MUST_CHECK;

/* The first pair of that name, or NULL. */
const struct form_pair *form_find(const struct form *form, const char *name);

/* Does the name stand there more than once? */
bool form_is_repeated(const struct form *form, const char *name);

/* name=value, percent-encoded, with '&' in front unless b is empty. */
void buf_add_form(struct buf *b, const char *name, const char *value);

#endif
