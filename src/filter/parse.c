/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in, a tree of tests out. It holds: a node comes after those that it names, so that the last
 * is the root, and none is deeper than DEPTH_MAX.
 */
#include "filter/parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "filter/filter.h"

#define DEPTH_MAX 100
#define TEXT_MAX  4096

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_RELATION,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_BAD,
};

struct token {
	enum token_kind kind;
	enum filter_relation relation;
	struct filter_place place;
};

struct parser {
	struct filter *filter;
	struct token token; /* the one looked at */
	size_t depth;
	struct diags *diags;
};

int filter_error(const struct filter *filter, struct filter_place place, struct diags *diags,
		 char *hint, const char *format, ...)
{
	struct diag *diag;
	va_list args;

	if (!diags) {
		free(hint);
		return -EINVAL;
	}
	diag = diag_add(diags, DIAG_ERROR);
	va_start(args, format);
	diag->text = xvasprintf(format, args);
	va_end(args);
	diag->source = xstrdup(filter->text);
	diag->column = (int)place.at + 1;
	diag->width = (int)place.length;
	diag->hint = hint;
	return -EINVAL;
}

static const struct operator
{
	const char *text;
	enum token_kind kind;
	enum filter_relation relation;
}
operators[] = {
	/* Longer ones first. */
	{ "==", TOKEN_RELATION, RELATION_EQUAL },
	{ "!=", TOKEN_RELATION, RELATION_UNEQUAL },
	{ "<=", TOKEN_RELATION, RELATION_LESS_EQUAL },
	{ ">=", TOKEN_RELATION, RELATION_GREATER_EQUAL },
	{ "&&", TOKEN_AND, 0 },
	{ "||", TOKEN_OR, 0 },
	{ "<", TOKEN_RELATION, RELATION_LESS },
	{ ">", TOKEN_RELATION, RELATION_GREATER },
	{ "~", TOKEN_RELATION, RELATION_GLOB },
	{ "&", TOKEN_RELATION, RELATION_BITS },
	{ "!", TOKEN_NOT, 0 },
	{ "(", TOKEN_OPEN, 0 },
	{ ")", TOKEN_CLOSE, 0 },
};

static const struct {
	const char *word;
	enum token_kind kind;
} words[] = { { "and", TOKEN_AND }, { "or", TOKEN_OR }, { "not", TOKEN_NOT } };

static bool is_word(const struct parser *parser, const char *word)
{
	const struct filter_place *place = &parser->token.place;

	return strlen(word) == place->length &&
	       memcmp(parser->filter->text + place->at, word, place->length) == 0;
}

static void take_word(struct parser *parser, const char *at)
{
	struct token *token = &parser->token;

	token->kind = TOKEN_WORD;
	token->place.length = strcspn(at, " \t\n()\"'=!<>~&|");
	if (token->place.length == 0) {
		token->kind = TOKEN_BAD;
		token->place.length = 1;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(parser, words[i].word))
			token->kind = words[i].kind;
}

static int next(struct parser *parser)
{
	struct token *token = &parser->token;
	const char *text = parser->filter->text;
	const char *at = text + token->place.at + token->place.length;

	at += strspn(at, " \t\n");
	*token = (struct token){ .place = { (size_t)(at - text), 0 } };
	if (*at == '\0')
		return 0;
	if (*at == '"' || *at == '\'') {
		const char *end = strchr(at + 1, *at);

		token->place.length = 1;
		if (!end)
			return filter_error(parser->filter, token->place, parser->diags, NULL,
					    "the string is not closed");
		token->kind = TOKEN_STRING;
		token->place.length = (size_t)(end + 1 - at);
		return 0;
	}
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (strncmp(at, operators[i].text, strlen(operators[i].text)) != 0)
			continue;
		token->kind = operators[i].kind;
		token->relation = operators[i].relation;
		token->place.length = strlen(operators[i].text);
		return 0;
	}
	take_word(parser, at);
	if (token->kind == TOKEN_BAD && *at == '=')
		return filter_error(parser->filter, token->place, parser->diags, NULL,
				    "'=' does not compare: write '=='");
	if (token->kind == TOKEN_BAD)
		return filter_error(parser->filter, token->place, parser->diags, NULL,
				    "'%c' means nothing here: write '||'", *at);
	return 0;
}

static size_t add_node(struct parser *parser, enum filter_node_kind kind, size_t left, size_t right)
{
	struct filter *filter = parser->filter;
	struct filter_node *node = array_add(&filter->nodes, &filter->node_count);

	*node = (struct filter_node){ kind, left, right };
	return filter->node_count - 1;
}

static const struct {
	const char *word;
	enum filter_subject subject;
	bool needs_relation; /* host A and port N can do without */
} subjects[] = {
	{ "host", SUBJECT_HOST, false },  { "net", SUBJECT_HOST, false },
	{ "port", SUBJECT_PORT, false },  { "pid", SUBJECT_PID, false },
	{ "comm", SUBJECT_COMM, false },  { "cpu", SUBJECT_CPU, true },
	{ "event", SUBJECT_EVENT, true }, { "probe", SUBJECT_EVENT, true },
	{ "set", SUBJECT_SET, true },
};

static bool find_subject(const char *name, struct filter_test *test, bool *needs_relation)
{
	*needs_relation = true;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (strcmp(subjects[i].word, name) != 0)
			continue;
		test->subject = subjects[i].subject;
		*needs_relation = subjects[i].needs_relation;
		return true;
	}
	return false;
}

static char *copy_place(const struct parser *parser, struct filter_place place)
{
	return xstrndup(parser->filter->text + place.at, place.length);
}

static int parse_value(struct parser *parser, struct filter_test *test)
{
	const struct token *token = &parser->token;

	test->value_place = token->place;
	if (token->kind == TOKEN_STRING) {
		struct filter_place inner = { token->place.at + 1, token->place.length - 2 };

		test->value = copy_place(parser, inner);
	} else if (token->kind == TOKEN_WORD) {
		test->value = copy_place(parser, token->place);
	} else {
		struct filter_place place = { token->place.at,
					      token->place.length ? token->place.length : 1 };

		return filter_error(parser->filter, place, parser->diags, NULL,
				    "there is nothing that '%s' is compared with", test->name);
	}
	test->whole.length = token->place.at + token->place.length - test->whole.at;
	return next(parser);
}

static int check_relation(struct parser *parser, const struct filter_test *test,
			  struct filter_place place)
{
	if (test->subject == SUBJECT_HOST && test->relation != RELATION_EQUAL)
		return filter_error(parser->filter, place, parser->diags,
				    xasprintf("write 'not %s %s'", test->name, test->value),
				    "'%s' has no order, and stands for both ends", test->name);
	if (test->subject == SUBJECT_PORT && test->relation == RELATION_UNEQUAL)
		return filter_error(
			parser->filter, place, parser->diags,
			xasprintf("write 'not port %s'", test->value),
			"'port' stands for both ends: '!=' would be true of nearly all");
	return 0;
}

static int parse_test(struct parser *parser, size_t *out)
{
	struct filter *filter = parser->filter;
	struct filter_test *test = array_add(&filter->tests, &filter->test_count);
	size_t index = filter->test_count - 1;
	bool needs_relation;

	*test = (struct filter_test){ .name = copy_place(parser, parser->token.place),
				      .whole = parser->token.place,
				      .name_place = parser->token.place };
	find_subject(test->name, test, &needs_relation);

	int err = next(parser);
	struct filter_place place = parser->token.place;

	if (!err && parser->token.kind == TOKEN_RELATION) {
		test->relation = parser->token.relation;
		err = next(parser);
	} else if (!err && needs_relation) {
		return filter_error(filter, test->name_place, parser->diags, NULL,
				    "'%s' is compared with nothing: an operator such as '==' is "
				    "missing behind it",
				    test->name);
	}
	if (!err)
		err = parse_value(parser, test);
	if (!err)
		err = check_relation(parser, test, place);
	if (!err)
		*out = add_node(parser, NODE_TEST, index, 0);
	return err;
}

static int parse_or(struct parser *parser, size_t *out);

static int parse_parenthesis(struct parser *parser, size_t *out)
{
	struct filter_place open = parser->token.place;
	int err = next(parser);

	if (!err)
		err = parse_or(parser, out);
	if (!err && parser->token.kind != TOKEN_CLOSE)
		return filter_error(parser->filter, open, parser->diags, NULL, "'(' is not closed");
	return err ? err : next(parser);
}

static int parse_unary(struct parser *parser, size_t *out)
{
	struct token token = parser->token;
	int err;

	if (parser->depth >= DEPTH_MAX)
		return filter_error(parser->filter, token.place, parser->diags, NULL,
				    "this is nested too deep");
	parser->depth++;
	if (token.kind == TOKEN_NOT) {
		err = next(parser);
		if (!err)
			err = parse_unary(parser, out);
		if (!err)
			*out = add_node(parser, NODE_NOT, *out, 0);
	} else if (token.kind == TOKEN_OPEN) {
		err = parse_parenthesis(parser, out);
	} else if (token.kind == TOKEN_WORD) {
		err = parse_test(parser, out);
	} else {
		token.place.length += token.place.length == 0;
		err = filter_error(parser->filter, token.place, parser->diags, NULL,
				   token.kind == TOKEN_END ? "something is missing at the end"
							   : "a field or 'not' should be here");
	}
	parser->depth--;
	return err;
}

/* Left to right, in a loop: a long chain is not deep. */
static int parse_chain(struct parser *parser, enum token_kind token, enum filter_node_kind kind,
		       int (*parse)(struct parser *parser, size_t *out), size_t *out)
{
	int err = parse(parser, out);

	while (!err && parser->token.kind == token) {
		size_t right;

		err = next(parser);
		if (!err)
			err = parse(parser, &right);
		if (!err)
			*out = add_node(parser, kind, *out, right);
	}
	return err;
}

static int parse_and(struct parser *parser, size_t *out)
{
	return parse_chain(parser, TOKEN_AND, NODE_AND, parse_unary, out);
}

static int parse_or(struct parser *parser, size_t *out)
{
	return parse_chain(parser, TOKEN_OR, NODE_OR, parse_and, out);
}

int filter_new(const char *text, struct filter **out, struct diags *diags)
{
	struct filter *filter = xcalloc(1, sizeof(*filter));
	struct parser parser = { .filter = filter, .diags = diags };
	size_t root;
	int err;

	filter->text = xstrdup(text);
	if (strlen(text) > TEXT_MAX)
		err = diag_error(diags, EINVAL, "the filter is longer than %d bytes", TEXT_MAX);
	else
		err = next(&parser);
	if (!err)
		err = parse_or(&parser, &root);
	if (!err && parser.token.kind == TOKEN_CLOSE)
		err = filter_error(filter, parser.token.place, diags, NULL,
				   "there is no '(' for this ')'");
	else if (!err && parser.token.kind != TOKEN_END)
		err = filter_error(filter, parser.token.place, diags, NULL,
				   "'and' or 'or' is missing before this");
	if (err)
		filter_free(filter);
	else
		*out = filter;
	return err;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->test_count; i++) {
		free(filter->tests[i].name);
		free(filter->tests[i].value);
	}
	free(filter->tests);
	free(filter->nodes);
	free(filter->text);
	free(filter);
}
