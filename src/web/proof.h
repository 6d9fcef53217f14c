/*
 * proof.h -- who asks?  Each way of proving it, by the route that names it.
 */
#ifndef WEB_PROOF_H
#define WEB_PROOF_H
#include "io/fcgi.h"
#include "web/call.h"

/*
 * What can be said before the body is read: RC_NOT_FOUND where the last part
 * of the path would have to be a secret and is none.  Fills call->door.
 */
enum rc proof_by_path(struct call *call) MUST_CHECK;

/*
 * RC_OK where the request is from whom the route says.  Reads the form, where
 * that is what is signed, into *form.  target is the request line's.
 */
enum rc proof_check(struct call *call, const struct fcgi *f, const char *target,
    const struct span *body, struct form *form) MUST_CHECK;

#endif
