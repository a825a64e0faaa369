/* recipe.h - what certificates the matrix is made of. recipes.c lists them, certificate.c makes them of OpenSSL alone:
 * nothing of gate25 is in these programs. */
#ifndef GATE25_TESTS_ORACLE_RECIPE_H
#define GATE25_TESTS_ORACLE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ORACLE_NOW 1767225600 /* 2026-01-01 00:00:00 UTC: the moment that validity is counted from */

enum recipe_twist {
	TWIST_NONE = 0,
	TWIST_NO_KEY_IDS,       /* neither subject nor authority key identifier */
	TWIST_WRONG_AUTHORITY,  /* an authority key identifier that is not the issuer's */
	TWIST_BROKEN_SIGNATURE, /* its last bit flipped */
	TWIST_VERSION_1,        /* and so no extension */
	TWIST_UNKNOWN_CRITICAL, /* a critical extension that nobody knows */
	TWIST_MANY_NAMES_MAX,   /* with |sans|, 1024 names */
	TWIST_MANY_NAMES,       /* one more */
	TWIST_PSS,              /* RSASSA-PSS */
};

/* One certificate. What is NULL is left out, unless said otherwise. Names and |sans|: '|' is written as NUL. */
struct recipe {
	const char *label;   /* how chains call it; an issuer stands before what it issued */
	const char *issuer;  /* label of the issuer; NULL: signs itself */
	const char *signer;  /* label of whose key signs, where not the issuer's */
	const char *key;     /* KIND or KIND/NAME; one NAME is one key. NULL: p256. See recipe_key */
	const char *subject; /* CN; several with '+'; "": an empty subject. NULL: the label */
	const char *sans;    /* names with commas: dNSName, or @ before an rfc822Name, = an iPAddress, % a URI */
	const char *basic;   /* the extensions, as in openssl-x509v3_config(5) */
	const char *usage;
	const char *extended;
	const char *constraints;
	const char *policy;   /* policyConstraints */
	const char *digest;   /* NULL: sha256; Ed25519 and Ed448 have none */
	int from_day, to_day; /* from ORACLE_NOW; both 0: -365 and 365 */
	enum recipe_twist twist;
};

extern const struct recipe recipes[];
extern const size_t recipes_count;

/* recipe_key returns the key of |recipe|, borrowed for good; KIND/NAME is the same for all that name it, KIND alone is
 * KIND/LABEL. KIND is p224, p256, p384, p521, brainpool (P256r1), rsaBITS, ed25519 or ed448; modulusBITS is an RSA
 * public key without a private one. NULL: OpenSSL could not. */
struct evp_pkey_st *recipe_key(const struct recipe *recipe);

/* certificate_print makes |recipe| and prints its line for the driver:
 *
 *   LABEL <tab> ISSUER <tab> KEY <tab> SIGNATURE <tab> NOT-BEFORE <tab> NOT-AFTER <tab> DER <tab> SPKI
 *
 * times as Unix time, the last two in hexadecimal. False: OpenSSL could not; its errors say why. */
bool certificate_print(FILE *out, const struct recipe *recipe);

#endif
