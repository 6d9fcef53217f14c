#include "web/routes.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/metrics.h"
#include "t/tap.h"
#include "web/actions.h"

static bool
is_whole(const struct route *r)
{
	return r->methods != NULL && r->name != NULL && r->path != NULL &&
	       r->path[0] == '/' && strpbrk(r->path, "?#%") == NULL &&
	       r->actions != NULL && r->actions[0] != NULL;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Actions that cannot be told from one of those before them. */
static size_t
count_vague(const struct action *const *actions)
{
	size_t i, j, vague = 0;

	for (i = 0; actions[i] != NULL; i++) {
		vague += actions[i]->answer == NULL;
		/* Where several share a path, a word tells them apart. */
		vague +=
		    actions[i]->word == NULL && (i > 0 || actions[1] != NULL);
		for (j = 0; j < i; j++)
			vague += is_same(actions[i]->word, actions[j]->word);
	}
	return vague;
}

static void
test_table(void)
{
	size_t i, j, unproven = 0, repeated = 0, torn = 0, vague = 0;

	for (i = 0; i < route_count; i++) {
		unproven += routes[i].auth != AUTH_TWILIO &&
			    routes[i].auth != AUTH_FRONT &&
			    routes[i].auth != AUTH_TOKEN &&
			    routes[i].auth != AUTH_LOOPBACK;
		if (!is_whole(&routes[i])) {
			torn++;
			continue;
		}
		vague += count_vague(routes[i].actions);
		vague += (routes[i].decided_by == NULL) !=
			 (routes[i].actions[0]->word == NULL);
		for (j = 0; j < i; j++)
			repeated += is_same(routes[i].path, routes[j].path) ||
				    (is_same(routes[i].name, routes[j].name) &&
					routes[i].actions != routes[j].actions);
	}
	ok(route_count > 0, "%zu routes", route_count);
	is_int(unproven, 0, "none without a proof of who asks");
	is_int(torn, 0, "each says method, path, name and what it does");
	is_int(repeated, 0, "no path twice, and no name for different things");
	is_int(vague, 0, "and a field says which of several is meant");
}

static bool
only_reads(const struct route *r)
{
	return strcmp(r->methods, "GET") == 0 ||
	       strcmp(r->methods, "GET, HEAD") == 0;
}

/* What is open to the world, and changes something, is proven by a signature.
 */
static void
test_auth(void)
{
	size_t i, public = 0, guessed = 0;

	for (i = 0; i < route_count; i++) {
		public += !only_reads(&routes[i]) &&
			  routes[i].auth != AUTH_TWILIO &&
			  routes[i].auth != AUTH_FRONT;
		guessed += (routes[i].auth == AUTH_TOKEN ||
			       routes[i].auth == AUTH_FRONT) &&
			   routes[i].path[strlen(routes[i].path) - 1] != '/';
	}
	is_int(public, 0, "whatever does not only read needs a signature");
	is_int(guessed, 0, "what is proven by its path has a part for it");
}

/* Twilio takes an error for a no: which events may cost a message? */
static void
test_events(void)
{
	const struct action *const *a;
	size_t i, strict = 0, open = 0;

	for (i = 0; i < route_count; i++) {
		strict += is_same(routes[i].decided_by, "EventType") &&
			  routes[i].otherwise == NULL;
		for (a = routes[i].actions; *a != NULL; a++)
			open += (*a)->fails_open !=
				(*a == &conversation_add_action);
	}
	is_int(strict, 0, "no route refuses an event that it does not know");
	is_int(open, 0, "onConversationAdd fails open, and nothing else");
}

/* A table of fields fills a struct of that size and no more. */
static void
test_fields(void)
{
	const struct action *const *a;
	const struct field *f;
	size_t i, beyond = 0, repeated = 0;
	const struct field *g;

	for (i = 0; i < route_count; i++)
		for (a = routes[i].actions; *a != NULL; a++) {
			if ((*a)->fields == NULL)
				continue;
			for (f = (*a)->fields; f->name != NULL; f++) {
				beyond += f->offset >= (*a)->size;
				for (g = (*a)->fields; g != f; g++)
					repeated +=
					    strcmp(f->name, g->name) == 0;
			}
		}
	is_int(beyond, 0, "every field lies in the struct of its action");
	is_int(repeated, 0, "and is asked for once");
}

/* What the metrics do not know, they count as another one. */
static void
test_metrics(void)
{
	const struct action *const *a;
	size_t i, unknown = 0;

	for (i = 0; i < route_count; i++) {
		unknown += !metrics_know(METRIC_REQUESTS, 0, routes[i].name);
		for (a = routes[i].actions; *a != NULL; a++)
			unknown += (*a)->word != NULL &&
				   !metrics_know(METRIC_ACTIONS, 0, (*a)->word);
	}
	is_int(unknown, 0, "every route and every word has a count of its own");
}

static void
test_find(void)
{
	static const char *const unknown[] = { "", "/", "/callbacks",
		"/callbacks/", "/callbacks/crm/", "//callbacks/crm",
		"/callbacks/crm%20", "/callbacks/cr%6d", "/Callbacks/crm",
		"/callbacks/./crm", "/callbacks/crm;x", "/callbacks/crm#x",
		"callbacks/crm", "?/callbacks/crm", "/callbacks/crmx",
		"https://x/callbacks/crm", "/twilio", "/twilio/",
		"/twilio/messages/", "/twilio/messages/x", "/twilio/status",
		"/twilio/status/", "/twilio/status//", "/twilio/status/a/b",
		"/front", "/front/", "/front//", "/front/?x", "/front/a/b",
		"/frontx", "/media", "/media/", "/media/a/" };
	char path[256];
	size_t i, found = 0;

	for (i = 0; i < route_count; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", routes[i].path,
		    routes[i].path[strlen(routes[i].path) - 1] == '/' ? "x"
								      : "");
		found += route_find(path) == &routes[i];
	}
	is_int(found, route_count, "each route is found by its path");
	ok(route_find("/front/a?b/c") == route_find("/front/x"),
	    "also with a query behind a part that is open");
	ok(route_find("/callbacks/crm?x=/callbacks/templates") ==
		route_find("/callbacks/crm"),
	    "a query does not count");
	ok(route_find("/callbacks/crm?") != NULL, "nor an empty one");
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		ok(route_find(unknown[i]) == NULL, "unknown: '%s'", unknown[i]);
}

int
main(void)
{
	test_table();
	test_auth();
	test_events();
	test_fields();
	test_metrics();
	test_find();
	return done_testing();
}
