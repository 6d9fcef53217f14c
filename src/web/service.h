/*
 * service.h -- what the settings make: keys, limits, database connections.
 *
 * A new one is built when the configuration is read again; requests that
 * began with the old one end with it, so it is counted.
 */
#ifndef WEB_SERVICE_H
#define WEB_SERVICE_H
#include "base/arena.h"
#include "core/config.h"
#include "io/db_pool.h"
#include "io/loop.h"
#include "peer/twilio_signature.h"
#include "text/fcgi_gate.h"
#include "text/form.h"
#include "web/front_door.h"

struct service {
	struct arena *arena;
	struct config config;
	struct twilio_signing signing;
	struct front_doors doors;
	struct form_limits form_limits;
	struct gate_limits gate_limits;
	struct db_pool *db;
	struct db_pool *reads; /* a standby's; NULL: db has them all */
	unsigned users;       /* requests under way, and the responder itself */
	struct service *next; /* of those that wait for their last request */
};

/*
 * Reads the settings and checks what only the libraries can.  RC_INVALID with
 * a sentence that names file, line, section and key.
 */
enum rc service_read_config(struct arena *a, const char *path,
    struct config *config, struct err *e) MUST_CHECK;

/* RC_INVALID with the sentence of service_read_config(). */
enum rc service_new(struct loop *l, const char *config_path,
    struct service **out, struct err *e) MUST_CHECK;
/* Where a statement belongs. */
struct db_pool *service_pool(const struct service *s, const struct stmt *stmt);
/* No one may use it any more; not to be called from a database callback. */
void service_free(struct service *s);

#endif
