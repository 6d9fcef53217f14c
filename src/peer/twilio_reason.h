/*
 * twilio_reason.h -- why a message did not get through, in a few words for
 * the agent who wrote it.
 *
 * Source: Twilio's error catalogue (twilio.md 7.3).
 */
#ifndef PEER_TWILIO_REASON_H
#define PEER_TWILIO_REASON_H

/* 0: no code.  Never NULL. */
const char *twilio_reason(long code);

#endif
