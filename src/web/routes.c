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

static const struct action *const health_actions[] = { &health_action, NULL };
static const struct action *const ready_actions[] = { &ready_action, NULL };

/* clang-format off */
const struct route routes[] = {
	{ "POST", "/callbacks/crm",                   "crm",       AUTH_TWILIO,   frontline_actions },
	{ "POST", "/callbacks/outgoing-conversation", "outgoing",  AUTH_TWILIO,   frontline_actions },
	{ "POST", "/callbacks/templates",             "templates", AUTH_TWILIO,   frontline_actions },
	{ "GET",  "/healthz",                         "healthz",   AUTH_LOOPBACK, health_actions },
	{ "GET",  "/readyz",                          "readyz",    AUTH_LOOPBACK, ready_actions },
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
