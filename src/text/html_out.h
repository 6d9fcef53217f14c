/*
 * html_out.h -- plain text as HTML that shows it.
 */
#ifndef TEXT_HTML_OUT_H
#define TEXT_HTML_OUT_H
#include "base/buf.h"

/* & < > " are escaped, a line break (\n, \r\n or \r) becomes <br>. */
void buf_add_html(struct buf *b, const char *text);

#endif
