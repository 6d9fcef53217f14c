#include "peer/front_jwt.h"

#include "t/tap.h"

/* The second one was made by another program than the first. */
static const struct {
	struct front_jwt claims;
	const char *secret;
	const char *token;
} vectors[] = {
	{ { "9c1d7e52a0b84f36", "cha_7k2q", "5f0c2a9be1d84c77", 1795176025 },
	    "a3f19c0e5b7d42868e1f0c9d7a6b5e43",
	    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
	    "eyJpc3MiOiI5YzFkN2U1MmEwYjg0ZjM2IiwianRpIjoiNWYwYzJhOWJlMWQ4NGM3Ny"
	    "IsInN"
	    "1YiI6ImNoYV83azJxIiwiZXhwIjoxNzk1MTc2MDI1fQ."
	    "qv_Q8yPOSIGNp6V6FkmF8o-lWtufGlaBDn3XFCY_cBI" },
	{ { "app-\xc3\xa4", "cha_1", "0", 4102444825 }, "sixteen-letters-",
	    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
	    "eyJpc3MiOiJhcHAtw6QiLCJqdGkiOiIwIiwic3ViIjoiY2hhXzEiLCJleHAiOjQxMD"
	    "I0NDQ4MjV9.u6CKOQP_oOECfkGb4AoA839wdpEoi69HwCq-LBc8VXk" },
};

int
main(void)
{
	struct arena *a = arena_new();
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		is_str(front_jwt_make(a, &vectors[i].claims, vectors[i].secret),
		    vectors[i].token, "token %zu", i);
	arena_free(a);
	return done_testing();
}
