/*
 * incoming.c -- frontlinectl incoming: the webhooks of a conversation that a
 * customer begins, in the order of Twilio's, signed, through the public URL.
 */
#include <getopt.h>

#include "admin/print.h"
#include "admin/signed_call.h"
#include "base/clock.h"
#include "text/crypto.h"
#include "text/phone.h"
#include "text/uuid.h"
#include "text/words.h"

static const char help[] =
    "usage: frontlinectl [-c FILE] incoming --from ADDRESS --to ADDRESS\n"
    "           [--conversation CH..] [--participant MB..] [--url URL]\n"
    "\n"
    "Sends what Twilio sends when a customer (--from) writes to one of our\n"
    "numbers (--to): onConversationAdd, onConversationAdded,\n"
    "onParticipantAdded and the routing callback.  Prints the name that the\n"
    "conversation gets; who gets the conversation is in the database:\n"
    "frontline.routing_decision.  Addresses are +E.164 or whatsapp:+E.164.\n"
    "\n"
    "This writes a conversation into the database, and the relay tells Twilio\n"
    "who joins it.  Without --conversation the SID is a random one that "
    "Twilio\n"
    "does not know; the conversation is then closed again.\n"
    "\n"
    "  --url URL   send (and sign) to this base URL instead\n"
    "\n"
    "exit: 0 all were answered with 200, 1 refused, 69 no answer\n";

enum { PAIRS = 12 };

struct incoming {
	const char *from;
	const char *to;
	const char *conversation;
	const char *participant;
	struct base_url base;
	char created[CLOCK_STAMP_SIZE];
	const char *name; /* that the conversation gets, or NULL */
};

/* ---- the webhooks ------------------------------------------------------ */

static bool
is_whatsapp(const char *address)
{
	return strncmp(address, "whatsapp:", 9) == 0;
}

static void
add_pair(struct form *form, const char *name, const char *value)
{
	form->pairs[form->count++] = (struct form_pair){
		.name = name,
		.name_len = strlen(name),
		.value = value,
		.value_len = strlen(value),
	};
}

static void
add_binding(const struct incoming *in, struct form *form)
{
	add_pair(form, "MessagingBinding.Address", in->from);
	add_pair(form, "MessagingBinding.ProxyAddress", in->to);
}

static void
add_conversation_add(const struct incoming *in, struct form *form)
{
	add_binding(in, form);
	add_pair(form, "State", "active");
	add_pair(form, "Attributes", "{}");
}

static void
add_conversation_added(const struct incoming *in, struct form *form)
{
	add_conversation_add(in, form);
	add_pair(form, "ConversationSid", in->conversation);
	add_pair(form, "DateCreated", in->created);
	add_pair(form, "DateUpdated", in->created);
}

static void
add_participant_added(const struct incoming *in, struct form *form)
{
	add_binding(in, form);
	add_pair(form, "MessagingBinding.Type",
	    is_whatsapp(in->from) ? "WHATSAPP" : "SMS");
	add_pair(form, "ConversationSid", in->conversation);
	add_pair(form, "ParticipantSid", in->participant);
	add_pair(form, "Attributes", "{}");
	add_pair(form, "DateCreated", in->created);
}

static void
add_routing(const struct incoming *in, struct form *form)
{
	add_conversation_add(in, form);
	add_pair(form, "ConversationSid", in->conversation);
	add_pair(form, "DateCreated", in->created);
}

/* clang-format off */
static const struct {
	const char *path;
	const char *event; /* NULL: that field is not sent */
	void (*add)(const struct incoming *in, struct form *form);
} webhooks[] = {
	{ "/callbacks/conversations", "onConversationAdd",   add_conversation_add },
	{ "/callbacks/conversations", "onConversationAdded", add_conversation_added },
	{ "/callbacks/conversations", "onParticipantAdded",  add_participant_added },
	{ "/callbacks/routing",       NULL,                  add_routing },
};
/* clang-format on */

static enum rc
send_all(struct command_context *c, struct incoming *in)
{
	struct form_pair pairs[PAIRS];
	struct http_answer answer;
	const char *name;
	struct form form;
	json_t *value;
	enum rc rc;
	size_t i;

	for (i = 0; i < sizeof(webhooks) / sizeof(webhooks[0]); i++) {
		form = (struct form){ .pairs = pairs };
		add_pair(&form, "AccountSid", c->config.twilio.account_sid);
		if (webhooks[i].event != NULL)
			add_pair(&form, "EventType", webhooks[i].event);
		webhooks[i].add(in, &form);
		rc = signed_call(
		    c, &in->base, webhooks[i].path, &form, &answer, &value);
		if (rc != RC_OK)
			return err_wrap(&c->err, "%s",
			    webhooks[i].event != NULL ? webhooks[i].event
						      : webhooks[i].path);
		name =
		    json_string_value(json_object_get(value, "friendly_name"));
		if (name != NULL)
			in->name = name;
	}
	return RC_OK;
}

/* ---- the command ------------------------------------------------------- */

/* A SID that nobody has. */
static const char *
make_sid(struct arena *a, const char prefix[static 2])
{
	char uuid[UUID_LEN + 1], hex[SHA256_HEX_LEN + 1];
	char *sid = arena_alloc(a, 35);

	uuid_make(uuid);
	sha256_hex(uuid, UUID_LEN, hex);
	memcpy(sid, prefix, 2);
	memcpy(sid + 2, hex, 32);
	return sid;
}

static bool
is_address(struct command_context *c, const char *option, const char *text)
{
	struct address address;
	struct err e;

	if (text == NULL) {
		(void)fprintf(
		    stderr, "frontlinectl: incoming needs %s\n", option);
		return false;
	}
	if (address_parse(c->arena, text, strlen(text), &address, &e) ==
		RC_OK &&
	    address.channel != CHANNEL_CHAT)
		return true;
	(void)fprintf(stderr,
	    "frontlinectl incoming: %s: '%s' is neither +E.164 nor "
	    "whatsapp:+E.164\n",
	    option, text);
	return false;
}

/* Twilio lets nobody write from one channel to another. */
static bool
is_pair(const struct incoming *in)
{
	if (is_whatsapp(in->from) == is_whatsapp(in->to))
		return true;
	(void)fprintf(stderr,
	    "frontlinectl incoming: --from and --to are of different "
	    "channels\n");
	return false;
}

static bool
is_sid_or_missing(
    const char *option, const char *text, const char prefix[static 2])
{
	if (text == NULL || is_sid(text, prefix))
		return true;
	(void)fprintf(stderr,
	    "frontlinectl incoming: %s: '%s' is not %.2s and 32 hex digits\n",
	    option, text, prefix);
	return false;
}

/* False after saying what is wrong. */
static bool
read_options(
    struct command_context *c, struct incoming *in, int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "conversation", required_argument, NULL, 'c' },
		{ "participant", required_argument, NULL, 'p' },
		{ "url", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			in->from = optarg;
			break;
		case 't':
			in->to = optarg;
			break;
		case 'c':
			in->conversation = optarg;
			break;
		case 'p':
			in->participant = optarg;
			break;
		case 'u':
			if (base_url_parse(
				c->arena, optarg, &in->base, &c->err) == RC_OK)
				break;
			(void)fprintf(stderr,
			    "frontlinectl incoming: --url: %s\n", c->err.text);
			return false;
		default:
			return false;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr,
		    "frontlinectl incoming: there is no use for '%s'\n",
		    argv[optind]);
		return false;
	}
	return is_address(c, "--from", in->from) &&
	       is_address(c, "--to", in->to) && is_pair(in) &&
	       is_sid_or_missing("--conversation", in->conversation, "CH") &&
	       is_sid_or_missing("--participant", in->participant, "MB");
}

int
incoming_run(struct command_context *c, int argc, char **argv)
{
	struct incoming in = { .base = c->config.service.public_base_url };

	if (command_helps(argc, argv, help))
		return EXIT_SUCCESS;
	if (c->err.rc != RC_OK)
		return command_fail(&c->err);
	if (!read_options(c, &in, argc, argv))
		return command_misuse("incoming", NULL);
	if (in.conversation == NULL)
		in.conversation = make_sid(c->arena, "CH");
	if (in.participant == NULL)
		in.participant = make_sid(c->arena, "MB");
	clock_stamp(in.created, sizeof(in.created));
	if (send_all(c, &in) != RC_OK)
		return command_fail(&c->err);
	print_column("conversation", PRINT_LABEL);
	(void)puts(in.conversation);
	print_column("name", PRINT_LABEL);
	print_text(in.name != NULL ? in.name : "none");
	(void)putchar('\n');
	return EXIT_SUCCESS;
}
