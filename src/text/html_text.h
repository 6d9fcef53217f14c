/*
 * html_text.h -- what a person would read of a message in HTML, as plain text
 * with line ends.  For messages of agents, not for pages: there is no layout,
 * and links keep their words alone.
 */
#ifndef TEXT_HTML_TEXT_H
#define TEXT_HTML_TEXT_H
#include <stddef.h>

#include "base/arena.h"

/*
 * Never refuses.  Blocks and <br> become line ends, runs of blanks one blank,
 * character references what they stand for; markup, comments, and what is in
 * script, style, head and title are left out.  The result is UTF-8 where the
 * HTML is, and at most as long.
 */
const char *html_text(struct arena *a, const char *html, size_t len);

#endif
