/* cli_args.c - see cli_args.h. */
#include "proxy/cli/cli_args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/smtp/smtp_address.h"

int cli_wrong(const char *format, ...)
{
	va_list args;

	(void)fprintf(stderr, "gate25: ");
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fprintf(stderr, "\n");
	return CLI_USAGE;
}

bool cli_host(char out[CONF_NAME_MAX], const char *text)
{
	char name[SMTP_DOMAIN_MAX];
	size_t len = strlen(text);

	out[0] = '\0';
	if (len > 1 && text[len - 1] == '.')
		len--;
	if (!smtp_domain_parse(name, text, len) || strlen(name) >= CONF_NAME_MAX)
		return false;
	memcpy(out, name, strlen(name) + 1);
	return true;
}

bool cli_port(uint16_t *out, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || port == 0 || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

char *cli_read_file(const char *path)
{
	char *text = conf_read_file(path);

	if (text == NULL)
		(void)cli_wrong("cannot read %s: %s", path, errno == EILSEQ ? "it is not text" : strerror(errno));
	return text;
}
