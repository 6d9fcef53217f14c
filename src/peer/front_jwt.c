#include "peer/front_jwt.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "text/crypto.h"

static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"HS256\"}";

static void
add_encoded(struct arena *a, struct buf *b, const void *bytes, size_t len)
{
	buf_add_str(b, base64url_encode(a, bytes, len));
}

const char *
front_jwt_make(
    struct arena *a, const struct front_jwt *claims, const char *secret)
{
	unsigned char mac[SHA256_LEN];
	struct span signed_part;
	const char *out;
	struct buf b;
	json_t *json;
	char *text;

	json = json_pack("{s:s, s:s, s:s, s:I}", "iss", claims->app_uid, "jti",
	    claims->id, "sub", claims->channel_id, "exp",
	    (json_int_t)claims->expires_s);
	text = json_dumps(json, JSON_COMPACT);
	if (text == NULL)
		fatal("BUG: claims that are no JSON");
	buf_init(&b);
	add_encoded(a, &b, header, strlen(header));
	buf_add_char(&b, '.');
	add_encoded(a, &b, text, strlen(text));
	free(text);
	json_decref(json);
	signed_part = (struct span){ b.bytes, b.len };
	hmac_sha256(
	    hmac_sha256_key(a, secret, strlen(secret)), &signed_part, 1, mac);
	buf_add_char(&b, '.');
	add_encoded(a, &b, mac, sizeof(mac));
	out = arena_copy(a, b.bytes, b.len);
	buf_release(&b);
	return out;
}
