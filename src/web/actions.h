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
extern const struct action routing_action;          /* routing.c */
extern const struct action conversation_add_action; /* conversation_add.c */
/* conversation_events.c */
extern const struct action conversation_added_action;
extern const struct action conversation_updated_action;
extern const struct action conversation_state_updated_action;
extern const struct action conversation_removed_action;
/* participant_events.c */
extern const struct action participant_added_action;
extern const struct action participant_removed_action;
/* message_events.c */
extern const struct action message_added_action;
extern const struct action message_updated_action;
extern const struct action message_removed_action;
extern const struct action message_delivery_action;
/* other_events.c */
extern const struct action conversation_update_action;
extern const struct action conversation_remove_action;
extern const struct action participant_add_action;
extern const struct action participant_update_action;
extern const struct action participant_updated_action;
extern const struct action participant_remove_action;
extern const struct action message_add_action;
extern const struct action message_update_action;
extern const struct action message_remove_action;
extern const struct action user_added_action;
extern const struct action user_update_action;
extern const struct action user_updated_action;
extern const struct action other_event_action;
extern const struct action text_action; /* text_events.c */
extern const struct action text_status_action;
/* front_requests.c */
extern const struct action front_authorization_action;
extern const struct action front_message_action;
extern const struct action front_autoreply_action;
extern const struct action front_imported_action;
extern const struct action front_delete_action;
extern const struct action front_other_action;
extern const struct action media_action;  /* media.c */
extern const struct action health_action; /* health.c */
extern const struct action ready_action;
extern const struct action metrics_action; /* metrics.c */

#endif
