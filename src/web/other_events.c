/*
 * other_events.c -- events of Conversations that need nothing from us: those
 * that ask before something happens, those about users, and those that Twilio
 * adds some day.  All are answered with 200 and {}, which changes nothing; a
 * refusal would stop what somebody is about to do.
 */
#include "web/actions.h"
#include "web/event.h"

#define IGNORED(variable_, word_)                                              \
	const struct action variable_ = { .word = (word_),                     \
		.answer = event_ignore }

IGNORED(conversation_update_action, "onConversationUpdate");
IGNORED(conversation_remove_action, "onConversationRemove");
IGNORED(participant_add_action, "onParticipantAdd");
IGNORED(participant_update_action, "onParticipantUpdate");
IGNORED(participant_updated_action, "onParticipantUpdated");
IGNORED(participant_remove_action, "onParticipantRemove");
IGNORED(message_add_action, "onMessageAdd");
IGNORED(message_update_action, "onMessageUpdate");
IGNORED(message_remove_action, "onMessageRemove");
IGNORED(user_added_action, "onUserAdded");
IGNORED(user_update_action, "onUserUpdate");
IGNORED(user_updated_action, "onUserUpdated");

/* The log says what the word was. */
const struct action other_event_action = { .answer = event_ignore };
