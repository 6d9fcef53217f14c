/*
 * actions.h -- the callbacks, one per file; each file says its contract.
 */
#ifndef WEB_ACTIONS_H
#define WEB_ACTIONS_H
#include "web/call.h"

extern const struct action customers_list_action;   /* customers_list.c */
extern const struct action customer_details_action; /* customer_details.c */
extern const struct action proxy_address_action;    /* proxy_address.c */
extern const struct action templates_action;        /* templates.c */
extern const struct action health_action;           /* health.c */
extern const struct action ready_action;

#endif
