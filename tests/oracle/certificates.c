/* certificates.c - makes every certificate of recipes.c and prints them, one a line, for the driver (recipe.h). */
#include <openssl/err.h>

#include "tests/oracle/recipe.h"

int main(void)
{
	for (size_t i = 0; i < recipes_count; i++) {
		if (!certificate_print(stdout, &recipes[i])) {
			(void)fprintf(stderr, "certificate %s cannot be made\n", recipes[i].label);
			ERR_print_errors_fp(stderr);
			return 1;
		}
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
