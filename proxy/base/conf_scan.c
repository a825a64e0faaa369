/* conf_scan.c - a first look at the text, for what libConfuse would let pass.
 *
 * libConfuse 3.3 stops at the first unknown key, lets a repeated key win silently, appends with "+=", puts environment
 * variables into values, follows "section|key" paths, drops characters that it does not know, and counts lines wrongly
 * after a comment. So the text is cut into words here, statements are looked at by name, and libConfuse gets a copy
 * where comments and refused statements are blanks, and titles of sections, among which it would search in quadratic
 * time. What is no statement at all is left for it to name. */
#include "proxy/base/conf_internal.h"

#include <stdlib.h>
#include <string.h>

enum word_kind { WORD_END, WORD_STRING, WORD_OPEN, WORD_CLOSE, WORD_EQUALS, WORD_COMMA };

struct word {
	enum word_kind kind;
	unsigned line;
	size_t begin, end; /* in the text, quotes included */
};

struct scanner {
	const char *in;
	char *out; /* the copy */
	size_t at;
	unsigned line;
	struct word *words;
	size_t words_count;
	size_t words_room;
	struct conf_scan *scan;
	struct conf_problems *problems;
};

#define NOT_FOUND SIZE_MAX

static bool add_word(struct scanner *s, enum word_kind kind, size_t begin)
{
	if (s->words_count == s->words_room) {
		size_t room = s->words_room == 0 ? 256 : s->words_room * 2;
		struct word *words = realloc(s->words, room * sizeof(*words));
		if (words == NULL) {
			s->problems->out_of_memory = true;
			return false;
		}
		s->words = words;
		s->words_room = room;
	}
	s->words[s->words_count++] = (struct word){ .kind = kind, .line = s->line, .begin = begin, .end = s->at };
	return true;
}

/* blank writes spaces over the copy and keeps its lines. */
static void blank(struct scanner *s, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		if (s->out[i] != '\n')
			s->out[i] = ' ';
	}
}

/* skip_comment: |s->at| is at a comment. False: it never ends. */
static bool skip_comment(struct scanner *s)
{
	size_t begin = s->at;
	size_t end;

	if (s->in[begin] == '#' || s->in[begin + 1] == '/') {
		s->at += strcspn(s->in + begin, "\n");
	} else {
		const char *close = strstr(s->in + begin + 2, "*/");
		if (close == NULL) {
			conf_problem(s->problems, s->line, "this comment has no end");
			return false;
		}
		end = (size_t)(close - s->in) + 2;
		for (; s->at < end; s->at++)
			s->line += s->in[s->at] == '\n';
	}
	blank(s, begin, s->at);
	return true;
}

static bool is_comment(const char *at)
{
	return at[0] == '#' || (at[0] == '/' && (at[1] == '/' || at[1] == '*'));
}

/* read_quoted: a string ends on its line, and means what it says: no escapes, no variables. */
static bool read_quoted(struct scanner *s)
{
	size_t begin = s->at;
	char quote = s->in[s->at++];

	while (s->in[s->at] != quote) {
		unsigned char c = (unsigned char)s->in[s->at];
		if (c == '\0' || c == '\n') {
			conf_problem(s->problems, s->line, "this string has no closing quote on its line");
			return false;
		}
		if (c < ' ' || c == 0x7f || c == '\\' || c == '$') {
			conf_problem(s->problems, s->line,
				     "a string cannot have a control character, a backslash or a dollar sign in it");
			blank(s, s->at, s->at + 1);
		}
		s->at++;
	}
	s->at++;
	return add_word(s, WORD_STRING, begin);
}

static bool is_plain(const char *at)
{
	unsigned char c = (unsigned char)*at;

	return c > ' ' && c != 0x7f && strchr("\"'={}()+,*\\$;", c) == NULL && !is_comment(at);
}

static bool read_plain(struct scanner *s)
{
	size_t begin = s->at;

	while (is_plain(s->in + s->at))
		s->at++;
	if (s->in[s->at - 1] == '/') {
		conf_problem(s->problems, s->line, "a word that ends in a slash needs quotes");
		blank(s, s->at - 1, s->at);
	}
	return add_word(s, WORD_STRING, begin);
}

static void refuse_character(struct scanner *s)
{
	unsigned char c = (unsigned char)s->in[s->at];

	if (c > ' ' && c < 0x7f)
		conf_problem(s->problems, s->line, "'%c' has no meaning here", c);
	else
		conf_problem(s->problems, s->line, "a control character (0x%02x) has no meaning here", c);
	blank(s, s->at, s->at + 1);
	s->at++;
}

static bool read_word(struct scanner *s)
{
	static const char marks[] = "{}=,";
	static const enum word_kind kinds[] = { WORD_OPEN, WORD_CLOSE, WORD_EQUALS, WORD_COMMA };
	const char *at = s->in + s->at;
	const char *mark = strchr(marks, *at);

	if (is_comment(at))
		return skip_comment(s);
	if (*at == '"' || *at == '\'')
		return read_quoted(s);
	if (mark != NULL) {
		s->at++;
		return add_word(s, kinds[mark - marks], s->at - 1);
	}
	if (is_plain(at))
		return read_plain(s);
	refuse_character(s);
	return true;
}

static bool read_words(struct scanner *s)
{
	while (s->in[s->at] != '\0') {
		char c = s->in[s->at];
		if (c == '\n' || c == ' ' || c == '\t' || (c == '\r' && s->in[s->at + 1] == '\n')) {
			s->line += c == '\n';
			s->at++;
		} else if (!read_word(s)) {
			return false;
		}
	}
	return true;
}

/* --- statements --------------------------------------------------------------------------------------------------- */

static enum word_kind kind_at(const struct scanner *s, size_t i)
{
	return i < s->words_count ? s->words[i].kind : WORD_END;
}

static char *text_of(struct scanner *s, size_t i)
{
	const struct word *word = &s->words[i];
	size_t quote = s->in[word->begin] == '"' || s->in[word->begin] == '\'' ? 1 : 0;
	char *text = strndup(s->in + word->begin + quote, word->end - word->begin - 2 * quote);

	if (text == NULL)
		s->problems->out_of_memory = true;
	return text;
}

/* blank_words blanks the words from |i| to before |end|. */
static void blank_words(struct scanner *s, size_t i, size_t end)
{
	blank(s, s->words[i].begin, s->words[end - 1].end);
}

/* after_value returns the index behind the value that begins at |i|. */
static size_t after_value(const struct scanner *s, size_t i)
{
	if (kind_at(s, i) == WORD_STRING)
		return i + 1;
	if (kind_at(s, i) != WORD_OPEN)
		return NOT_FOUND;
	for (i++; kind_at(s, i) == WORD_STRING || kind_at(s, i) == WORD_COMMA; i++)
		;
	return kind_at(s, i) == WORD_CLOSE ? i + 1 : NOT_FOUND;
}

/* after_section returns the index behind the brace that closes the one at |i|. */
static size_t after_section(const struct scanner *s, size_t i)
{
	size_t depth = 0;

	for (; kind_at(s, i) != WORD_END; i++) {
		depth += kind_at(s, i) == WORD_OPEN;
		depth -= kind_at(s, i) == WORD_CLOSE;
		if (depth == 0)
			return i + 1;
	}
	return NOT_FOUND;
}

static const char *where_of(const char *name)
{
	if (conf_key_index(name, CONF_IN_GATE) >= 0)
		return "it belongs outside of sections";
	if (conf_key_index(name, CONF_IN_CLIENT) >= 0)
		return "it belongs into a client section";
	return conf_key_index(name, CONF_IN_DOMAIN) >= 0 ? "it belongs into a domain or destination section"
							 : "it belongs into a destination section";
}

/* take_key judges the statement at |i| by its key alone. Returns whether libConfuse shall see it. */
static bool take_key(struct scanner *s, struct conf_section *section, size_t i, size_t end, const char *name)
{
	unsigned line = s->words[i].line;
	int index = conf_key_index(name, section->where);

	if (index < 0 && conf_key_index(name, ~0U) >= 0) {
		conf_problem(s->problems, line, "%s has no meaning here: %s", name, where_of(name));
		return false;
	}
	if (index < 0) {
		conf_problem(s->problems, line, "there is no key \"%s\"", name);
		return false;
	}
	if (section->lines[index] != 0) {
		conf_problem(s->problems, line, "%s is given twice, first on line %u", name, section->lines[index]);
		return false;
	}
	section->lines[index] = line;
	if (kind_at(s, i + 2) == WORD_OPEN && end - i == 4) {
		conf_problem(s->problems, line, "%s has an empty list: leave it out for its default", name);
		return false;
	}
	return true;
}

static size_t read_statements(struct scanner *s, struct conf_section *section, size_t i);

static enum conf_where section_where(const char *name)
{
	if (strcmp(name, "domain") == 0)
		return CONF_IN_DOMAIN;
	if (strcmp(name, "client") == 0)
		return CONF_IN_CLIENT;
	return strcmp(name, "destination") == 0 ? CONF_IN_DESTINATION : CONF_IN_GATE;
}

static bool add_section(struct scanner *s, enum conf_where where, unsigned line, char *title)
{
	struct conf_scan *scan = s->scan;
	struct conf_section *sections = realloc(scan->sections, (scan->sections_count + 1) * sizeof(*sections));

	if (sections == NULL || title == NULL) {
		s->problems->out_of_memory = true;
		if (sections != NULL)
			scan->sections = sections;
		free(title);
		return false;
	}
	scan->sections = sections;
	sections[scan->sections_count++] = (struct conf_section){ .where = where, .line = line, .title = title };
	return true;
}

/* read_section: |open| is the index of its brace. Sections do not nest, so this recurses once. */
static size_t read_section(struct scanner *s, enum conf_where outside, size_t i, size_t open, const char *name)
{
	enum conf_where where = section_where(name);
	unsigned line = s->words[i].line;
	size_t end;

	if (where == CONF_IN_GATE || outside != CONF_IN_GATE || open == i + 1) {
		end = after_section(s, open);
		if (end == NOT_FOUND)
			return NOT_FOUND;
		if (where == CONF_IN_GATE)
			conf_problem(s->problems, line, "there is no section \"%s\"", name);
		else if (open == i + 1)
			conf_problem(s->problems, line, "a %s section needs a name: %s \"...\" {", name, name);
		else
			conf_problem(s->problems, line, "a %s section cannot stand inside another section", name);
		blank_words(s, i, end);
		return end;
	}
	if (!add_section(s, where, line, text_of(s, i + 1)))
		return NOT_FOUND;
	blank_words(s, i + 1, i + 2);
	end = read_statements(s, &s->scan->sections[s->scan->sections_count - 1], open + 1);
	/* libConfuse would take the end of the file for the end of the section. */
	if (end != NOT_FOUND && kind_at(s, end) == WORD_END)
		conf_problem(s->problems, line, "this %s section has no closing brace", name);
	return end != NOT_FOUND && kind_at(s, end) == WORD_CLOSE ? end + 1 : NOT_FOUND;
}

/* read_statement returns the index behind the statement at |i|; NOT_FOUND where it is none. */
static size_t read_statement(struct scanner *s, struct conf_section *section, size_t i)
{
	char *name = text_of(s, i);
	size_t end = NOT_FOUND;

	if (name == NULL)
		return NOT_FOUND;
	if (kind_at(s, i + 1) == WORD_EQUALS) {
		end = after_value(s, i + 2);
		if (end != NOT_FOUND && !take_key(s, section, i, end, name))
			blank_words(s, i, end);
	} else if (kind_at(s, i + 1) == WORD_OPEN) {
		end = read_section(s, section->where, i, i + 1, name);
	} else if (kind_at(s, i + 1) == WORD_STRING && kind_at(s, i + 2) == WORD_OPEN) {
		end = read_section(s, section->where, i, i + 2, name);
	}
	free(name);
	return end;
}

/* read_statements returns the index of the first word that begins no statement. Where the form of a statement is wrong
 * it stops: libConfuse will stop there, too, and say how it is wrong. */
static size_t read_statements(struct scanner *s, struct conf_section *section, size_t i)
{
	while (kind_at(s, i) == WORD_STRING) {
		i = read_statement(s, section, i);
		if (i == NOT_FOUND)
			return NOT_FOUND;
	}
	return i;
}

bool conf_scan(struct conf_scan *scan, const char *text, struct conf_problems *problems)
{
	struct scanner s = { .in = text, .line = 1, .scan = scan, .problems = problems };
	bool ok;

	*scan = (struct conf_scan){ .gate = { .where = CONF_IN_GATE } };
	scan->text = strdup(text);
	if (scan->text == NULL) {
		problems->out_of_memory = true;
		return false;
	}
	s.out = scan->text;
	ok = read_words(&s);
	scan->understood = read_statements(&s, &scan->gate, 0) == s.words_count;
	free(s.words);
	return ok && !problems->out_of_memory;
}

void conf_scan_cleanup(struct conf_scan *scan)
{
	for (size_t i = 0; i < scan->sections_count; i++)
		free(scan->sections[i].title);
	free(scan->sections);
	free(scan->text);
	*scan = (struct conf_scan){ 0 };
}

unsigned conf_line_of(const struct conf_section *section, const char *name)
{
	int index = conf_key_index(name, section->where);

	return index < 0 ? 0 : section->lines[index];
}
