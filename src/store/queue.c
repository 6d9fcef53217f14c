#include "store/queue.h"

#include <stdlib.h>
#include <string.h>

const struct stmt queue_listen_stmt = {
	.name = "queue_listen",
	.sql = "LISTEN frontline_queue",
};

/* ---- claim ------------------------------------------------------------- */

const struct stmt queue_claim_stmt = {
	.name = "queue_claim",
	.sql = "SELECT c.key, c.seq, c.token, c.job_id, c.kind, c.payload,"
	       "       c.attempt, c.lease_ms, c.wire_at IS NOT NULL,"
	       "       c.unsettled_ms,"
	       "       greatest(t.resend_ms - extract(epoch FROM"
	       "         clock_timestamp() - c.wire_at) * 1000, 0)::bigint,"
	       "       c.evidence, c.give_up, c.age_ms,"
	       "       extract(epoch FROM c.wire_at)::bigint,"
	       "       extract(epoch FROM clock_timestamp())::bigint,"
	       "       c.marks"
	       "  FROM frontline_queue.claim($1, $2::integer) AS c"
	       " CROSS JOIN frontline_queue.destination_terms($1) AS t",
	.params = 2,
};

void
queue_claim_bind(
    struct db_call *call, struct arena *a, const char *destination, long n)
{
	call->stmt = &queue_claim_stmt;
	call->args[0] = destination;
	call->args[1] = db_number(a, n);
}

static const char *
keep(struct arena *a, const struct rows *rows, int row, int column)
{
	const char *text = rows_text(rows, row, column);

	return text != NULL ? arena_copy(a, text, strlen(text)) : NULL;
}

static int64_t
read_number(const struct rows *rows, int row, int column)
{
	const char *text = rows_text(rows, row, column);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

void
queue_claim_read(const struct rows *rows, int row, const char *destination,
    struct arena *a, struct queue_job *out)
{
	*out = (struct queue_job){
		.lease = {
			.destination = destination,
			.key = keep(a, rows, row, 0),
			.seq = keep(a, rows, row, 1),
			.token = keep(a, rows, row, 2),
		},
		.job_id = keep(a, rows, row, 3),
		.kind = keep(a, rows, row, 4),
		.payload = keep(a, rows, row, 5),
		.attempt = (long)read_number(rows, row, 6),
		.lease_ms = read_number(rows, row, 7),
		.uncertain = rows_text(rows, row, 8)[0] == 't',
		.unsettled_ms = read_number(rows, row, 9),
		.resend_ms = read_number(rows, row, 10),
		.evidence = keep(a, rows, row, 11),
		.give_up = keep(a, rows, row, 12),
		.entered_s = read_number(rows, row, 15) -
			     read_number(rows, row, 13) / 1000,
		.marked_s = read_number(rows, row, 14),
	};
	/* The queue keeps the latest mark alone. */
	out->sent_from_s =
	    read_number(rows, row, 16) == 1 ? out->marked_s : out->entered_s;
}

/* ---- mark, finish, retry ----------------------------------------------- */

static void
bind_lease(struct db_call *call, const struct queue_lease *lease)
{
	call->args[0] = lease->destination;
	call->args[1] = lease->key;
	call->args[2] = lease->seq;
	call->args[3] = lease->token;
}

const struct stmt queue_mark_stmt = {
	.name = "queue_mark",
	.sql = "SELECT frontline_queue.mark_wire($1, $2, $3::bigint,"
	       "       $4::bigint, $5::uuid,"
	       "       $6::bigint * interval '1 millisecond')",
	.params = 6,
};

void
queue_mark_bind(struct db_call *call, struct arena *a,
    const struct queue_lease *lease, const char *uuid, int64_t need_ms)
{
	call->stmt = &queue_mark_stmt;
	bind_lease(call, lease);
	call->args[4] = uuid;
	call->args[5] = db_number(a, need_ms);
}

const struct stmt queue_renew_stmt = {
	.name = "queue_renew",
	.sql = "SELECT frontline_queue.renew($1, $2, $3::bigint)",
	.params = 3,
};

void
queue_renew_bind(struct db_call *call, const struct queue_lease *lease)
{
	call->stmt = &queue_renew_stmt;
	call->args[0] = lease->destination;
	call->args[1] = lease->key;
	call->args[2] = lease->token;
}

const char *
queue_outcome_name(enum queue_outcome o)
{
	static const char *const names[] = {
		[QUEUE_SENT] = "sent",
		[QUEUE_UNNEEDED] = "unneeded",
		[QUEUE_RECONCILED] = "reconciled",
		[QUEUE_DEAD] = "dead",
	};

	return names[o];
}

const struct stmt queue_finish_stmt = {
	.name = "queue_finish",
	.sql = "SELECT frontline_queue.finish($1, $2, $3::bigint, $4::bigint,"
	       "       $5, $6, $7)",
	.params = 7,
};

void
queue_finish_bind(struct db_call *call, const struct queue_lease *lease,
    enum queue_outcome outcome, const char *external_id, const char *error)
{
	call->stmt = &queue_finish_stmt;
	bind_lease(call, lease);
	call->args[4] = queue_outcome_name(outcome);
	call->args[5] = external_id;
	call->args[6] = error;
}

const struct stmt queue_retry_stmt = {
	.name = "queue_retry",
	.sql = "SELECT frontline_queue.retry($1, $2, $3::bigint, $4::bigint,"
	       "       $5::bigint * interval '1 millisecond', $6,"
	       "       $7::boolean, $8::boolean)",
	.params = 8,
};

void
queue_retry_bind(struct db_call *call, struct arena *a,
    const struct queue_lease *lease, const struct queue_retry *retry)
{
	call->stmt = &queue_retry_stmt;
	bind_lease(call, lease);
	call->args[4] = db_number(a, retry->delay_ms);
	call->args[5] = retry->error;
	call->args[6] = db_bool(retry->not_sent);
	call->args[7] = db_bool(retry->refund);
}

bool
queue_held(const struct rows *rows)
{
	const char *held = rows_count(rows) > 0 ? rows_text(rows, 0, 0) : NULL;

	return held != NULL && held[0] == 't';
}

/* ---- pause, housekeeping ----------------------------------------------- */

const struct stmt queue_pause_stmt = {
	.name = "queue_pause",
	.sql = "SELECT frontline_queue.pause($1,"
	       "       $2::bigint * interval '1 millisecond', $3)",
	.params = 3,
};

void
queue_pause_bind(struct db_call *call, struct arena *a, const char *destination,
    int64_t for_ms, const char *why)
{
	call->stmt = &queue_pause_stmt;
	call->args[0] = destination;
	call->args[1] = db_number(a, for_ms);
	call->args[2] = why;
}

const struct stmt queue_housekeeping_stmt = {
	.name = "queue_housekeeping",
	.sql = "SELECT h.task, h.rows, h.more"
	       "  FROM frontline_queue.housekeeping($1::integer, $2::integer,"
	       "       $3::integer) AS h",
	.params = 3,
};

void
queue_housekeeping_bind(struct db_call *call, struct arena *a, long done_days,
    long message_days, long audit_days)
{
	call->stmt = &queue_housekeeping_stmt;
	call->args[0] = db_number(a, done_days);
	call->args[1] = db_number(a, message_days);
	call->args[2] = db_number(a, audit_days);
}

void
queue_housekeeping_read(
    const struct rows *rows, int row, struct housekeeping_row *out)
{
	out->task = rows_text(rows, row, 0);
	out->rows = rows_text(rows, row, 1);
	out->more = rows_text(rows, row, 2)[0] == 't';
}
