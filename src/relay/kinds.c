#include "relay/kinds.h"

static const struct kind kinds[] = {
	{ "participant.add", participant_add_start, NULL, NULL },
	{ "participant.attributes", participant_attributes_start, NULL, NULL },
	{ "message.add", message_add_start, NULL, NULL },
	{ "front.message", front_message_start, NULL, NULL },
	{ "front.failed", front_failed_start, NULL, NULL },
	{ "front.comment", front_comment_start, NULL, NULL },
	{ "front.tag", front_tag_start, NULL, NULL },
	{ "front.contact", front_contact_start, NULL, NULL },
	{ "text.send", text_send_start, text_send_give_up, text_send_believe },
	{ "lookup.name", lookup_name_start, NULL, NULL },
};

const struct kind *
kind_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
