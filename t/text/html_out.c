#include "text/html_out.h"

#include <stdbool.h>

#include "t/tap.h"

static const char *
html(const char *text)
{
	static struct buf b;
	static bool ready;

	if (!ready)
		buf_init(&b);
	ready = true;
	buf_clear(&b);
	buf_add_html(&b, text);
	return b.bytes;
}

int
main(void)
{
	is_str(html(""), "", "nothing");
	is_str(
	    html("Grüße, 日本語 😀 'x'"), "Grüße, 日本語 😀 'x'", "letters stay");
	is_str(html("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;",
	    "no tag comes of it");
	is_str(html("&lt;"), "&amp;lt;", "what looks escaped is escaped");
	is_str(html("a\nb\r\nc\rd\n"), "a<br>b<br>c<br>d<br>", "line breaks");
	return done_testing();
}
