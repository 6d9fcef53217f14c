#include "web/routes.h"

#include "web/actions.h"

/* Location decides, whichever of the three paths it came by. */
static const struct action *const frontline_actions[] = {
	&customers_list_action,
	&customer_details_action,
	&proxy_address_action,
	&templates_action,
	NULL,
};

static const struct action *const conversation_actions[] = {
	&conversation_add_action,
	&conversation_added_action,
	&conversation_updated_action,
	&conversation_state_updated_action,
	&conversation_removed_action,
	&participant_added_action,
	&participant_removed_action,
	&message_added_action,
	&message_updated_action,
	&message_removed_action,
	&message_delivery_action,
	&conversation_update_action,
	&conversation_remove_action,
	&participant_add_action,
	&participant_update_action,
	&participant_updated_action,
	&participant_remove_action,
	&message_add_action,
	&message_update_action,
	&message_remove_action,
	&user_added_action,
	&user_update_action,
	&user_updated_action,
	NULL,
};

static const struct action *const routing_actions[] = { &routing_action, NULL };
static const struct action *const health_actions[] = { &health_action, NULL };
static const struct action *const ready_actions[] = { &ready_action, NULL };

/* clang-format off */
const struct route routes[] = {
	{ "POST", "/callbacks/crm",                   "crm",           AUTH_TWILIO,   "Location",  frontline_actions,    NULL },
	{ "POST", "/callbacks/outgoing-conversation", "outgoing",      AUTH_TWILIO,   "Location",  frontline_actions,    NULL },
	{ "POST", "/callbacks/templates",             "templates",     AUTH_TWILIO,   "Location",  frontline_actions,    NULL },
	{ "POST", "/callbacks/routing",               "routing",       AUTH_TWILIO,   NULL,        routing_actions,      NULL },
	{ "POST", "/callbacks/conversations",         "conversations", AUTH_TWILIO,   "EventType", conversation_actions, &other_event_action },
	{ "POST", "/callbacks/twilio-conversations",  "conversations", AUTH_TWILIO,   "EventType", conversation_actions, &other_event_action },
	{ "GET",  "/healthz",                         "healthz",       AUTH_LOOPBACK, NULL,        health_actions,       NULL },
	{ "GET",  "/readyz",                          "readyz",        AUTH_LOOPBACK, NULL,        ready_actions,        NULL },
};
/* clang-format on */

const size_t route_count = sizeof(routes) / sizeof(routes[0]);

const struct route *
route_find(const char *target)
{
	size_t len = strcspn(target, "?"), i;

	for (i = 0; i < route_count; i++)
		if (strlen(routes[i].path) == len &&
		    memcmp(routes[i].path, target, len) == 0)
			return &routes[i];
	return NULL;
}
