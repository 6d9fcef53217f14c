#include "core/template.h"

#include "t/tap.h"

static const struct template_values ana = {
	.display_name = "Ana L\xc3\xb3pez",
	.first_name = "Ana",
	.last_name = "L\xc3\xb3pez",
	.company_name = "Acme",
	.worker = "Kim",
};

static const struct template_values nobody = {
	.display_name = "",
	.first_name = NULL,
};

static void
test_filled(void)
{
	static const struct {
		const char *template, *text;
	} cases[] = {
		{ "", "" },
		{ "no placeholder", "no placeholder" },
		{ "{{first_name}}", "Ana" },
		{ "Hi {{first_name}}, it's {{worker}}.", "Hi Ana, it's Kim." },
		{ "{{display_name}}{{name}}",
		    "Ana L\xc3\xb3pezAna L\xc3\xb3pez" },
		{ "{{last_name}}", "L\xc3\xb3pez" },
		{ "{{company_name}} {{company}}", "Acme Acme" },
		{ "{{worker}} {{author}}", "Kim Kim" },
		{ "{{First Name}}{{FIRST_NAME}}{{firstname}}", "AnaAnaAna" },
		{ "{{  first _ name  }}", "Ana" },
		{ "{{first_name|there}}", "Ana" },
		{ "a{b}c", "a{b}c" },
		{ "{{", "{{" },
		{ "}}", "}}" },
		{ "{{first_name", "{{first_name" },
		{ "{{first_name}", "{{first_name}" },
		{ "first_name}}", "first_name}}" },
		{ "{{first_name}}}}", "Ana}}" },
		{ "100 % {{name}} %s", "100 % Ana L\xc3\xb3pez %s" },
	};
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		ok(template_fill(&b, cases[i].template, &ana), "'%s'",
		    cases[i].template);
		is_str(b.bytes, cases[i].text, "... filled");
	}
	buf_release(&b);
}

static void
test_defaults(void)
{
	static const struct {
		const char *template, *text;
	} cases[] = {
		{ "Hi {{first_name|there}}!", "Hi there!" },
		{ "{{name|}}!", "!" },
		{ "{{name| a b }}", " a b " },
		{ "{{name|a|b}}", "a|b" },
		{ "{{name|{x}}}", "{x}" },
	};
	struct buf b;
	size_t i;

	buf_init(&b);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&b);
		ok(template_fill(&b, cases[i].template, &nobody), "'%s'",
		    cases[i].template);
		/* The first "}}" ends a placeholder. */
		is_str(b.bytes, i == 4 ? "{x}" : cases[i].text, "... filled");
	}
	buf_release(&b);
}

static void
test_not_offered(void)
{
	static const char *const for_ana[] = { "{{unknown}}", "{{unknown|x}}",
		"{{}}", "{{ }}", "Hi {{first_name}} {{surname}}",
		"{{{{first_name}}}}", "{{first-name}}",
		"{{first_name_and_so_on_and_on_and_on_and}}" };
	static const char *const for_nobody[] = { "{{first_name}}", "{{name}}",
		"Hi {{first_name|you}} of {{company}}" };
	struct buf b;
	size_t i;

	buf_init(&b);
	buf_add_str(&b, "before");
	for (i = 0; i < sizeof(for_ana) / sizeof(for_ana[0]); i++)
		ok(!template_fill(&b, for_ana[i], &ana), "not offered: '%s'",
		    for_ana[i]);
	for (i = 0; i < sizeof(for_nobody) / sizeof(for_nobody[0]); i++)
		ok(!template_fill(&b, for_nobody[i], &nobody),
		    "not offered to nobody: '%s'", for_nobody[i]);
	is_str(b.bytes, "before", "and nothing is appended");
	buf_release(&b);
}

static void
test_values_are_not_looked_at(void)
{
	const struct template_values sly = {
		.display_name = "{{worker}} }}{{",
		.first_name = "{{",
		.last_name = "worker}}",
		.worker = "Kim",
	};
	struct buf b;

	buf_init(&b);
	ok(template_fill(&b, "{{name}}|{{first_name}}{{last_name}}", &sly),
	    "values that look like placeholders");
	is_str(b.bytes, "{{worker}} }}{{|{{worker}}", "stay as they are");
	buf_release(&b);
}

int
main(void)
{
	test_filled();
	test_defaults();
	test_not_offered();
	test_values_are_not_looked_at();
	return done_testing();
}
