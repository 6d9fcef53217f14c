#include "relay/kinds.h"

static const struct kind kinds[] = {
	{ "participant.add", participant_add_start },
	{ "participant.attributes", participant_attributes_start },
	{ "message.add", message_add_start },
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
