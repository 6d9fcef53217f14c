/*
 * call.c -- frontlinectl call: one signed request, as Frontline would send it,
 * through the public URL, TLS and nginx.
 */
#include <getopt.h>

#include "admin/command.h"
#include "admin/print.h"
#include "admin/signed_call.h"

static const char help[] =
    "usage: frontlinectl [-c FILE] call list --worker W [--query Q]\n"
    "           [--page-size N] [--anchor ID | --token T]\n"
    "       frontlinectl [-c FILE] call details --worker W --customer ID\n"
    "       frontlinectl [-c FILE] call proxy --worker W --customer ID\n"
    "           [--channel sms|whatsapp] [--address +N]\n"
    "       frontlinectl [-c FILE] call templates --worker W --customer ID\n"
    "\n"
    "Sends one request to [service] public_base_url, signed with the auth\n"
    "token, and prints the answer.  proxy asks for the customer's details\n"
    "first and takes their first address of the channel, unless --address\n"
    "says another.\n"
    "\n"
    "  --json      print the answer as it came\n"
    "  --url URL   send (and sign) to this base URL instead\n"
    "\n"
    "exit: 0 answered with 200, 1 refused, 69 no answer\n";

/* What was asked for on the command line. */
struct request {
	const char *worker;
	const char *customer;
	const char *query;
	const char *page_size;
	const char *anchor;
	const char *token;
	const char *channel;
	const char *address;
	bool json;
	struct base_url base;
};

struct question {
	const char *word;
	const char *location;
	const char *path;
	bool needs_customer;
	void (*print)(const json_t *answer);
};

/* ---- printing ---------------------------------------------------------- */

static void
print_member(const char *label, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL)
		return;
	print_column(label, PRINT_LABEL);
	print_text(text);
	(void)putchar('\n');
}

static void
print_list(const json_t *answer)
{
	const json_t *objects = json_object_get(answer, "objects");
	const json_t *customers = json_object_get(objects, "customers");
	const json_t *customer;
	size_t i;

	json_array_foreach (customers, i, customer) {
		print_column(
		    json_string_value(json_object_get(customer, "customer_id")),
		    PRINT_LABEL);
		print_text(json_string_value(
		    json_object_get(customer, "display_name")));
		(void)putchar('\n');
	}
	(void)printf("%zu %s", json_array_size(customers),
	    json_array_size(customers) == 1 ? "customer" : "customers");
	if (json_object_get(objects, "next_page_token") != NULL) {
		(void)printf(", more with --token ");
		print_text(json_string_value(
		    json_object_get(objects, "next_page_token")));
	}
	(void)putchar('\n');
}

static void
print_details(const json_t *answer)
{
	const json_t *customer =
	    json_object_get(json_object_get(answer, "objects"), "customer");
	const json_t *details = json_object_get(customer, "details"), *item;
	size_t i;

	print_member("customer_id", customer, "customer_id");
	print_member("name", customer, "display_name");
	json_array_foreach (json_object_get(customer, "channels"), i, item)
		print_member(json_string_value(json_object_get(item, "type")),
		    item, "value");
	json_array_foreach (json_object_get(customer, "links"), i, item) {
		print_column("link", PRINT_LABEL);
		print_text(
		    json_string_value(json_object_get(item, "display_name")));
		(void)fputs(": ", stdout);
		print_text(json_string_value(json_object_get(item, "value")));
		(void)putchar('\n');
	}
	print_member("details", details, "title");
	print_member("", details, "content");
	print_member("avatar", customer, "avatar");
}

static void
print_proxy(const json_t *answer)
{
	print_member("write from", answer, "proxy_address");
}

static void
print_templates(const json_t *answer)
{
	const json_t *category, *template;
	size_t i, k;

	json_array_foreach (answer, i, category) {
		print_text(json_string_value(
		    json_object_get(category, "display_name")));
		(void)putchar('\n');
		json_array_foreach (
		    json_object_get(category, "templates"), k, template) {
			(void)printf("    %-8s  ",
			    json_is_true(
				json_object_get(template, "whatsAppApproved"))
				? "approved"
				: "");
			print_text(json_string_value(
			    json_object_get(template, "content")));
			(void)putchar('\n');
		}
	}
}

/* ---- asking ------------------------------------------------------------ */

enum { LIST, DETAILS, PROXY, TEMPLATES };
static const struct question questions[] = {
	[LIST] = { "list", "GetCustomersList", "/callbacks/crm", false,
	    print_list },
	[DETAILS] = { "details", "GetCustomerDetailsByCustomerId",
	    "/callbacks/crm", true, print_details },
	[PROXY] = { "proxy", "GetProxyAddress",
	    "/callbacks/outgoing-conversation", true, print_proxy },
	[TEMPLATES] = { "templates", "GetTemplatesByCustomerId",
	    "/callbacks/templates", true, print_templates },
};

static const struct question *
find_question(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (strcmp(questions[i].word, word) == 0)
			return &questions[i];
	return NULL;
}

static void
add_pair(struct form *form, const char *name, const char *value)
{
	if (value == NULL)
		return;
	form->pairs[form->count++] = (struct form_pair){
		.name = name,
		.name_len = strlen(name),
		.value = value,
		.value_len = strlen(value),
	};
}

enum { PAIRS = 9 };

static void
make_form(struct form *form, const struct question *q, const struct request *r)
{
	add_pair(form, "Location", q->location);
	add_pair(form, "Worker", r->worker);
	add_pair(form, "CustomerId", r->customer);
	if (strcmp(q->word, "proxy") == 0) {
		add_pair(form, "ChannelType", r->channel);
		add_pair(form, "ChannelValue", r->address);
	}
	add_pair(form, "PageSize", r->page_size);
	add_pair(form, "Anchor", r->anchor);
	add_pair(form, "NextPageToken", r->token);
	add_pair(form, "Query", r->query);
}

/* Sends it signed and reads the answer as JSON. */
static enum rc
ask(struct command_context *c, const struct question *q,
    const struct request *r, struct http_answer *answer, json_t **out)
{
	struct form_pair pairs[PAIRS];
	struct form form = { .pairs = pairs };

	make_form(&form, q, r);
	return signed_call(c, &r->base, q->path, &form, answer, out);
}

/* The customer's first address of the channel, for `call proxy`. */
static enum rc
find_address(struct command_context *c, struct request *r)
{
	struct http_answer answer;
	const char *type;
	json_t *details, *channel;
	enum rc rc;
	size_t i;

	rc = ask(c, &questions[DETAILS], r, &answer, &details);
	if (rc != RC_OK)
		return rc;
	json_array_foreach (
	    json_object_get(json_object_get(json_object_get(details, "objects"),
				"customer"),
		"channels"),
	    i, channel) {
		type = json_string_value(json_object_get(channel, "type"));
		if (type == NULL || strcmp(type, r->channel) != 0)
			continue;
		r->address =
		    json_string_value(json_object_get(channel, "value"));
		return RC_OK;
	}
	return err_set(&c->err, RC_NOT_FOUND, "no_address",
	    "customer %s has no %s address", r->customer, r->channel);
}

static int
run(struct command_context *c, const struct question *q, struct request *r)
{
	struct http_answer answer = { .body = NULL };
	json_t *value = NULL;
	enum rc rc = RC_OK;

	if (strcmp(q->word, "proxy") == 0 && r->address == NULL)
		rc = find_address(c, r);
	if (rc == RC_OK)
		rc = ask(c, q, r, &answer, &value);
	if (r->json && answer.body != NULL) {
		(void)puts(answer.body);
		return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (rc != RC_OK)
		return command_fail(&c->err);
	q->print(value);
	return EXIT_SUCCESS;
}

/* False after saying what is wrong. */
static bool
read_options(
    struct command_context *c, struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "worker", required_argument, NULL, 'w' },
		{ "customer", required_argument, NULL, 'i' },
		{ "query", required_argument, NULL, 'q' },
		{ "page-size", required_argument, NULL, 'n' },
		{ "anchor", required_argument, NULL, 'a' },
		{ "token", required_argument, NULL, 't' },
		{ "channel", required_argument, NULL, 'k' },
		{ "address", required_argument, NULL, 'A' },
		{ "json", no_argument, NULL, 'j' },
		{ "url", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			r->worker = optarg;
			break;
		case 'i':
			r->customer = optarg;
			break;
		case 'q':
			r->query = optarg;
			break;
		case 'n':
			r->page_size = optarg;
			break;
		case 'a':
			r->anchor = optarg;
			break;
		case 't':
			r->token = optarg;
			break;
		case 'k':
			if (strcmp(optarg, "sms") != 0 &&
			    strcmp(optarg, "whatsapp") != 0) {
				(void)fprintf(stderr,
				    "frontlinectl call: --channel: '%s' is "
				    "neither sms nor whatsapp\n",
				    optarg);
				return false;
			}
			r->channel = optarg;
			break;
		case 'A':
			r->address = optarg;
			break;
		case 'j':
			r->json = true;
			break;
		case 'u':
			if (base_url_parse(
				c->arena, optarg, &r->base, &c->err) != RC_OK) {
				(void)fprintf(stderr,
				    "frontlinectl: --url: %s\n", c->err.text);
				return false;
			}
			break;
		default:
			return false;
		}
	}
	if (optind < argc)
		(void)fprintf(stderr,
		    "frontlinectl call: there is no use for '%s'\n",
		    argv[optind]);
	return optind == argc;
}

int
call_run(struct command_context *c, int argc, char **argv)
{
	struct request r = {
		.channel = "sms",
		.base = c->config.service.public_base_url,
	};
	const struct question *q;

	if (argc < 2)
		return command_misuse(
		    "call", "what? list, details, proxy or templates");
	if (command_helps(argc, argv, help))
		return EXIT_SUCCESS;
	if (c->err.rc != RC_OK)
		return command_fail(&c->err);
	q = find_question(argv[1]);
	if (q == NULL)
		return command_misuse("call",
		    "'%s' is none of list, details, proxy, templates", argv[1]);
	argv[1] = argv[0];
	if (!read_options(c, &r, argc - 1, argv + 1))
		return command_misuse("call", NULL);
	if (r.worker == NULL || (q->needs_customer && r.customer == NULL)) {
		(void)fprintf(stderr, "frontlinectl: call %s needs %s\n",
		    q->word, r.worker == NULL ? "--worker" : "--customer");
		return EXIT_BAD_USAGE;
	}
	return run(c, q, &r);
}
