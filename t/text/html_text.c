#include "text/html_text.h"

#include "t/tap.h"

int
main(void)
{
	static const struct {
		const char *html, *text;
	} cases[] = {
		{ "", "" },
		{ "Hello", "Hello" },
		{ "<div>Your part lands Tuesday.</div>",
		    "Your part lands Tuesday." },
		{ "<p>One</p><p>Two</p>", "One\nTwo" },
		{ "One<br>Two<br/>Three<BR />Four", "One\nTwo\nThree\nFour" },
		{ "<div>One<br></div><div><br></div><div>Two</div>",
		    "One\n\nTwo" },
		{ "a<br><br><br><br><br>b", "a\n\nb" },
		{ "<div><div><p>deep</p></div></div>after", "deep\nafter" },
		{ "  many \r\n\t blanks  ", "many blanks" },
		{ "a <b>bold</b> <i>word</i>.", "a bold word." },
		{ "fish &amp; chips &lt;now&gt; &quot;hot&quot; &#39;s",
		    "fish & chips <now> \"hot\" 's" },
		{ "a&nbsp;b&#160;c&#xA0;d", "a b c d" },
		{ "&#128512; &#x1F600;", "\xf0\x9f\x98\x80 \xf0\x9f\x98\x80" },
		{ "&euro;5 &hellip;", "\xe2\x82\xac"
				      "5 \xe2\x80\xa6" },
		{ "&#0; &#xd800; &#x110000; &bogus; & &;", "&#0; &#xd800; "
							   "&#x110000; &bogus; "
							   "& &;" },
		{ "&amp;lt;", "&lt;" },
		{ "a < b and <3", "a < b and <3" },
		{ "<a href=\"https://x.example/?a>b\">here</a>", "here" },
		{ "<!-- not <b>this</b> -->but this", "but this" },
		{ "<style>p { color: red }</style>text", "text" },
		{ "<script>if (a < b) { x(\"</p>\"); }</script>text", "text" },
		{ "<head><title>t</title></head><body>b</body>", "b" },
		{ "<!DOCTYPE html><html>x</html>", "x" },
		{ "<ul><li>a</li><li>b</li></ul>", "a\nb" },
		{ "cut <b", "cut" },
		{ "cut <!-- here", "cut" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	};
	struct arena *a;
	size_t i;

	a = arena_new();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(html_text(a, cases[i].html, strlen(cases[i].html)),
		    cases[i].text, "%s", cases[i].html);
	is_str(html_text(a, "a\0b", 3), "ab", "a NUL is left out");
	arena_free(a);
	return done_testing();
}
