#include "store/stmts.h"

#include "store/bridge.h"
#include "store/bridge_name.h"
#include "store/conversation.h"
#include "store/customer.h"
#include "store/front_call.h"
#include "store/gauge.h"
#include "store/message.h"
#include "store/participant.h"
#include "store/proxy_address.h"
#include "store/queue.h"
#include "store/repair.h"
#include "store/roster.h"
#include "store/routing.h"
#include "store/schema.h"
#include "store/shown_media.h"
#include "store/template.h"
#include "store/text_event.h"
#include "store/text_sweep.h"

const struct stmt *const responder_stmts[] = {
	&customer_list_stmt,
	&customer_details_stmt,
	&proxy_address_stmt,
	&template_list_stmt,
	&conversation_name_stmt,
	&conversation_added_stmt,
	&conversation_updated_stmt,
	&conversation_state_updated_stmt,
	&conversation_removed_stmt,
	&participant_added_stmt,
	&participant_removed_stmt,
	&message_added_stmt,
	&message_updated_stmt,
	&message_removed_stmt,
	&message_delivery_stmt,
	&routing_stmt,
	&text_take_stmt,
	&text_status_stmt,
	&front_reply_stmt,
	&front_import_stmt,
	&front_channel_stmt,
	&shown_media_stmt,
	&schema_version_stmt,
	&gauge_stmt,
};

const size_t responder_stmt_count =
    sizeof(responder_stmts) / sizeof(responder_stmts[0]);

const struct stmt *const relay_stmts[] = {
	&queue_claim_stmt,
	&queue_mark_stmt,
	&queue_finish_stmt,
	&queue_retry_stmt,
	&queue_pause_stmt,
	&queue_housekeeping_stmt,
	&repair_worker_added_stmt,
	&repair_worker_refused_stmt,
	&repair_gone_stmt,
	&repair_conflict_stmt,
	&repair_pair_stmt,
	&repair_unrouted_stmt,
	&roster_list_stmt,
	&roster_note_stmt,
	&roster_absent_stmt,
	&queue_renew_stmt,
	&bridge_text_stmt,
	&bridge_posted_stmt,
	&bridge_sending_stmt,
	&bridge_keep_stmt,
	&bridge_sent_stmt,
	&bridge_refused_stmt,
	&bridge_left_out_stmt,
	&caller_ask_stmt,
	&caller_note_stmt,
	&contact_stmt,
	&tag_id_stmt,
	&tag_note_stmt,
	&sweep_since_stmt,
	&sweep_text_stmt,
	&sweep_fates_stmt,
	&sweep_status_stmt,
};

const size_t relay_stmt_count = sizeof(relay_stmts) / sizeof(relay_stmts[0]);
