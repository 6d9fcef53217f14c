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
static const struct action *const text_actions[] = { &text_action, NULL };
static const struct action *const status_actions[] = { &text_status_action,
	NULL };
static const struct action *const media_actions[] = { &media_action, NULL };

/* The words are those of peer/front_event.h. */
static const struct action *const front_actions[] = {
	&front_authorization_action,
	&front_message_action,
	&front_autoreply_action,
	&front_imported_action,
	&front_delete_action,
	NULL,
};

static const struct action *const health_actions[] = { &health_action, NULL };
static const struct action *const ready_actions[] = { &ready_action, NULL };
static const struct action *const metrics_actions[] = { &metrics_action, NULL };

/* clang-format off */
const struct route routes[] = {
	{ "POST",         "/callbacks/crm",                   "crm",           AUTH_TWILIO,   "Location",  frontline_actions,    NULL },
	{ "POST",         "/callbacks/outgoing-conversation", "outgoing",      AUTH_TWILIO,   "Location",  frontline_actions,    NULL },
	{ "POST",         "/callbacks/templates",             "templates",     AUTH_TWILIO,   "Location",  frontline_actions,    NULL },
	{ "POST",         "/callbacks/routing",               "routing",       AUTH_TWILIO,   NULL,        routing_actions,      NULL },
	{ "POST",         "/callbacks/conversations",         "conversations", AUTH_TWILIO,   "EventType", conversation_actions, &other_event_action },
	{ "POST",         "/callbacks/twilio-conversations",  "conversations", AUTH_TWILIO,   "EventType", conversation_actions, &other_event_action },
	{ "POST",         "/twilio/messages",                 "messages",      AUTH_TWILIO,   NULL,        text_actions,         NULL },
	{ "POST",         "/twilio/status/",                  "status",        AUTH_TWILIO,   NULL,        status_actions,       NULL },
	{ "POST, DELETE", "/front/",                          "front",         AUTH_FRONT,    "type",      front_actions,        &front_other_action },
	{ "GET, HEAD",    "/media/",                          "media",         AUTH_TOKEN,    NULL,        media_actions,        NULL },
	{ "GET",          "/healthz",                         "healthz",       AUTH_LOOPBACK, NULL,        health_actions,       NULL },
	{ "GET",          "/readyz",                          "readyz",        AUTH_LOOPBACK, NULL,        ready_actions,        NULL },
	{ "GET",          "/metrics",                         "metrics",       AUTH_LOOPBACK, NULL,        metrics_actions,      NULL },
};
/* clang-format on */

const size_t route_count = sizeof(routes) / sizeof(routes[0]);

/* Is the path the route's, with one more part where that is open? */
static bool
is_path(const struct route *route, const char *target, size_t len)
{
	const size_t path_len = strlen(route->path);
	const char *tail = target + path_len;

	if (len < path_len || memcmp(route->path, target, path_len) != 0)
		return false;
	if (route->path[path_len - 1] != '/')
		return len == path_len;
	return len > path_len && memchr(tail, '/', len - path_len) == NULL;
}

const struct route *
route_find(const char *target)
{
	const size_t len = strcspn(target, "?");
	size_t i;

	for (i = 0; i < route_count; i++)
		if (is_path(&routes[i], target, len))
			return &routes[i];
	return NULL;
}
