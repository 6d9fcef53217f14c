#include "web/front_door.h"

#include "text/json_out.h"

static void
set_signing(struct front_door *door, struct arena *a)
{
	const struct front_channel *ch = door->channel;
	const struct secret *now, *next = &ch->next_secret;

	now = ch->mode == FRONT_MODE_APP ? &ch->secret : &ch->webhook_secret;
	if (now->bytes != NULL)
		front_signing_add_secret(
		    &door->signing, a, now->bytes, now->len);
	if (next->bytes != NULL)
		front_signing_add_secret(
		    &door->signing, a, next->bytes, next->len);
}

static const char *
numbers_of(const struct front_channel *ch, struct arena *a)
{
	const struct front_numbers *n = &ch->numbers;
	const char *made;
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < n->count; i++) {
		buf_add_char(&b, i == 0 ? '[' : ',');
		buf_add_json(&b, n->list[i], strlen(n->list[i]));
	}
	buf_add_char(&b, ']');
	made = arena_copy(a, b.bytes, b.len);
	buf_release(&b);
	return made;
}

void
front_doors_init(
    struct front_doors *doors, struct arena *a, const struct config *config)
{
	const struct front_channel *ch;
	struct front_door *door;
	struct buf url;

	buf_init(&url);
	for (; doors->count < config->front.channel_count; doors->count++) {
		ch = &config->front.channels[doors->count];
		door = &doors->list[doors->count];
		door->channel = ch;
		set_signing(door, a);
		sha256(ch->path_token.bytes, ch->path_token.len,
		    door->token_digest);
		door->numbers = numbers_of(ch, a);
		buf_clear(&url);
		buf_addf(&url, "%s/front/%s",
		    config->service.public_base_url.text, ch->path_token.bytes);
		door->url = arena_copy(a, url.bytes, url.len);
	}
	buf_release(&url);
}

const struct front_door *
front_door_find(const struct front_doors *doors, const char *token)
{
	const struct front_door *found = NULL;
	unsigned char digest[SHA256_LEN];
	size_t i;

	sha256(token, strlen(token), digest);
	for (i = 0; i < doors->count; i++)
		if (bytes_are_equal(
			digest, doors->list[i].token_digest, sizeof(digest)))
			found = &doors->list[i];
	return found;
}

const char *
front_channel_of(const struct config *config, const char *address)
{
	const struct front_channel *ch = config->front.channels;
	size_t i, k;

	for (i = 0; i < config->front.channel_count; i++)
		for (k = 0; k < ch[i].numbers.count; k++)
			if (strcmp(ch[i].numbers.list[k], address) == 0)
				return ch[i].name;
	return NULL;
}
