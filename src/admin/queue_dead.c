#include "admin/queue.h"

#include "admin/print.h"
#include "store/dead_letter.h"
#include "store/destination.h"

static json_t *
letter_json(const struct dead_letter *d, bool payload)
{
	json_t *object, *content;

	object = json_pack("{s:I,s:s,s:s,s:I,s:I,s:f,s:s,s:s,s:s?}", "dead_id",
	    (json_int_t)d->dead_id, "destination", d->destination, "kind",
	    d->kind, "job_id", (json_int_t)d->job_id, "attempts",
	    (json_int_t)d->attempts, "age_seconds", d->age_seconds,
	    "created_at", d->created_at, "buried_at", d->buried_at, "error",
	    d->error);
	if (!payload)
		return object;
	content = json_loads(d->payload, JSON_DECODE_ANY, NULL);
	/* A number may be longer than any that jansson holds. */
	if (content == NULL)
		content = json_string(d->payload);
	(void)json_object_set_new(object, "payload", content);
	return object;
}

static void
print_letter(const struct dead_letter *d)
{
	char age[PRINT_DURATION_SIZE];

	format_duration(age, d->age_seconds);
	(void)printf("%8lld  ", d->dead_id);
	print_column(d->destination, 16);
	print_column(d->kind, 20);
	(void)printf("%8lld  %8s  ", d->attempts, age);
	print_line(d->error);
	(void)putchar('\n');
	if (d->payload == NULL)
		return;
	(void)printf("%8s  ", "");
	print_line(d->payload);
	(void)putchar('\n');
}

int
queue_dead(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	struct dead_letter *list;
	long long all = 0;
	size_t count = 0, i;
	json_t *array;
	enum rc rc = RC_OK;

	if (r->destination != NULL)
		rc = destination_find(db, c->arena, r->destination, &c->err);
	if (rc == RC_OK)
		rc = dead_letter_list(db, c->arena, r->destination, r->limit,
		    r->payload, &list, &count, &all, &c->err);
	if (rc != RC_OK)
		return command_fail(&c->err);
	if (r->json) {
		array = json_array();
		for (i = 0; i < count; i++)
			(void)json_array_append_new(
			    array, letter_json(&list[i], r->payload));
		queue_print_json(array);
		return EXIT_SUCCESS;
	}
	if (count > 0)
		(void)printf("%8s  %-16s  %-20s  %8s  %8s  %s\n", "dead_id",
		    "destination", "kind", "attempts", "age", "error");
	for (i = 0; i < count; i++)
		print_letter(&list[i]);
	(void)printf("%lld dead %s", all, all == 1 ? "letter" : "letters");
	if (all > (long long)count)
		(void)printf(", the oldest %zu are shown (--limit)", count);
	(void)putchar('\n');
	return EXIT_SUCCESS;
}

/* One letter, in an arena of its own: there may be a great many. */
typedef enum rc letter_errand(
    struct db_conn *db, struct arena *a, const char *id, struct err *e);

static enum rc
redrive_one(struct db_conn *db, struct arena *a, const char *id, struct err *e)
{
	struct redriven d;
	enum rc rc;

	rc = dead_letter_redrive(db, a, id, &d, e);
	if (rc == RC_OK)
		(void)printf("%s: job %s %s as job %s (%s, %s)\n", id,
		    d.old_job_id,
		    d.before ? "was sent again already," : "goes again",
		    d.new_job_id, d.destination, d.kind);
	return rc;
}

static enum rc
drop_one(struct db_conn *db, struct arena *a, const char *id, struct err *e)
{
	const char *job_id;
	enum rc rc;

	rc = dead_letter_drop(db, a, id, &job_id, e);
	if (rc == RC_OK)
		(void)printf("%s: deleted (it was job %s)\n", id, job_id);
	return rc;
}

/* Goes on where one of them is not there, and ends there otherwise. */
static int
each(struct command_context *c, struct db_conn *db,
    const struct queue_request *r, letter_errand *do_one)
{
	struct arena *a = arena_new();
	int status = EXIT_SUCCESS;
	enum rc rc = RC_OK;
	size_t i;

	for (i = 0; r->names[i] != NULL; i++) {
		rc = do_one(db, a, r->names[i], &c->err);
		arena_reset(a);
		if (rc == RC_OK)
			continue;
		(void)fflush(stdout);
		status = command_fail(&c->err);
		if (rc != RC_NOT_FOUND)
			break;
	}
	arena_free(a);
	return status;
}

static int
redrive_all(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	struct arena *a = arena_new();
	const struct rows *ids;
	enum rc rc = RC_OK;
	int i = 0;

	if (r->destination != NULL)
		rc = destination_find(db, c->arena, r->destination, &c->err);
	if (rc == RC_OK)
		rc = dead_letter_ids(
		    db, c->arena, r->destination, &ids, &c->err);
	for (; rc == RC_OK && i < rows_count(ids); i++) {
		rc = redrive_one(db, a, rows_text(ids, i, 0), &c->err);
		arena_reset(a);
		/* Somebody has dropped it meanwhile. */
		if (rc == RC_NOT_FOUND)
			rc = RC_OK;
	}
	arena_free(a);
	(void)fflush(stdout);
	if (rc != RC_OK)
		return command_fail(&c->err);
	if (i == 0)
		(void)puts("no dead letters");
	return EXIT_SUCCESS;
}

int
queue_redrive(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	return r->all ? redrive_all(c, db, r) : each(c, db, r, redrive_one);
}

int
queue_drop(struct command_context *c, struct db_conn *db,
    const struct queue_request *r)
{
	return each(c, db, r, drop_one);
}
