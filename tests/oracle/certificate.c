/* certificate.c - see recipe.h. */
#include "tests/oracle/recipe.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define MADE_MAX 512
#define DAY      86400

static struct made {
	const struct recipe *recipe;
	X509 *cert;
	EVP_PKEY *key;
} made[MADE_MAX];
static size_t made_count;

/* --- names -------------------------------------------------------------------------------------------------------- */

/* write_octets copies |len| characters, '|' as NUL. */
static size_t write_octets(uint8_t *out, size_t cap, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len && i < cap; i++)
		out[i] = text[i] == '|' ? '\0' : (uint8_t)text[i];
	return i;
}

static bool add_subject(X509 *cert, const struct recipe *recipe)
{
	const char *text = recipe->subject != NULL ? recipe->subject : recipe->label;
	X509_NAME *name = X509_NAME_new();
	bool ok = name != NULL;

	while (ok && text[0] != '\0') {
		size_t len = strcspn(text, "+");
		uint8_t octets[256];
		size_t count = write_octets(octets, sizeof(octets), text, len);
		ok = X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, octets, (int)count, -1, 0) ==
		     1;
		text += text[len] == '+' ? len + 1 : len;
	}
	ok = ok && X509_set_subject_name(cert, name) == 1;
	X509_NAME_free(name);
	return ok;
}

static bool push_name(GENERAL_NAMES *names, const char *text, size_t len)
{
	static const struct {
		char mark;
		int type;
	} kinds[] = { { '@', GEN_EMAIL }, { '%', GEN_URI } };
	GENERAL_NAME *name;
	ASN1_STRING *string;
	uint8_t octets[256];
	char address[64];
	int type = GEN_DNS;

	if (len > 0 && text[0] == '=') {
		(void)snprintf(address, sizeof(address), "%.*s", (int)len - 1, text + 1);
		name = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_IPADD, address, 0);
		return name != NULL && sk_GENERAL_NAME_push(names, name) > 0;
	}
	for (size_t i = 0; len > 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (text[0] == kinds[i].mark && type == GEN_DNS) {
			type = kinds[i].type;
			text++;
			len--;
		}
	}
	name = GENERAL_NAME_new();
	string = ASN1_IA5STRING_new();
	if (name == NULL || string == NULL ||
	    ASN1_STRING_set(string, octets, (int)write_octets(octets, sizeof(octets), text, len)) != 1)
		return false;
	GENERAL_NAME_set0_value(name, type, string);
	return sk_GENERAL_NAME_push(names, name) > 0;
}

static bool add_sans(X509 *cert, const struct recipe *recipe)
{
	GENERAL_NAMES *names;
	const char *text = recipe->sans;
	size_t fill = recipe->twist == TWIST_MANY_NAMES ? 1024 : recipe->twist == TWIST_MANY_NAMES_MAX ? 1023 : 0;
	bool ok = true;

	if (text == NULL)
		return true;
	names = GENERAL_NAMES_new();
	for (size_t i = 0; ok && i < fill; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "h%zu.test", i);
		ok = push_name(names, name, strlen(name));
	}
	while (ok && text != NULL) {
		size_t len = strcspn(text, ",");
		ok = push_name(names, text, len);
		text = text[len] == ',' ? text + len + 1 : NULL;
	}
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

/* --- extensions --------------------------------------------------------------------------------------------------- */

static bool add_text(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *extension;
	bool ok;

	if (value == NULL)
		return true;
	extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool add_raw(X509 *cert, const char *oid, bool critical, const uint8_t *value, size_t len)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool ok = object != NULL && string != NULL && ASN1_OCTET_STRING_set(string, value, (int)len) == 1 &&
		  (extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, string)) != NULL &&
		  X509_add_ext(cert, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(string);
	ASN1_OBJECT_free(object);
	return ok;
}

static bool add_key_ids(X509 *cert, X509 *issuer, X509V3_CTX *ctx, const struct recipe *recipe)
{
	static const uint8_t wrong[] = { 0x30, 0x06, 0x80, 0x04, 0xde, 0xad, 0xbe, 0xef };

	switch (recipe->twist) {
	case TWIST_NO_KEY_IDS: return true;
	case TWIST_WRONG_AUTHORITY: return add_raw(cert, "2.5.29.35", false, wrong, sizeof(wrong));
	default: break;
	}
	return add_text(cert, ctx, NID_subject_key_identifier, "hash") &&
	       (X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) < 0 || issuer == cert ||
		add_text(cert, ctx, NID_authority_key_identifier, "keyid"));
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct recipe *recipe)
{
	static const uint8_t null[] = { 0x05, 0x00 };
	X509V3_CTX ctx;

	if (recipe->twist == TWIST_VERSION_1)
		return true;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	return add_text(cert, &ctx, NID_basic_constraints, recipe->basic) &&
	       add_text(cert, &ctx, NID_key_usage, recipe->usage) &&
	       add_text(cert, &ctx, NID_ext_key_usage, recipe->extended) && add_sans(cert, recipe) &&
	       add_text(cert, &ctx, NID_name_constraints, recipe->constraints) &&
	       add_text(cert, &ctx, NID_policy_constraints, recipe->policy) &&
	       add_key_ids(cert, issuer, &ctx, recipe) &&
	       (recipe->twist != TWIST_UNKNOWN_CRITICAL || add_raw(cert, "1.3.6.1.4.1.311.99", true, null, 2));
}

/* --- the certificate ---------------------------------------------------------------------------------------------- */

static const struct made *find(const char *label)
{
	for (size_t i = 0; i < made_count; i++)
		if (strcmp(made[i].recipe->label, label) == 0)
			return &made[i];
	return NULL;
}

static bool sign(X509 *cert, EVP_PKEY *key, const struct recipe *recipe)
{
	bool plain = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
	const EVP_MD *digest = EVP_get_digestbyname(recipe->digest != NULL ? recipe->digest : "sha256");
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx;
	const ASN1_BIT_STRING *signature;
	bool ok;

	if (recipe->twist == TWIST_PSS) {
		ctx = EVP_MD_CTX_new();
		ok = EVP_DigestSignInit(ctx, &pctx, digest, NULL, key) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
		     X509_sign_ctx(cert, ctx) > 0;
		EVP_MD_CTX_free(ctx);
		return ok;
	}
	ok = X509_sign(cert, key, plain ? NULL : digest) > 0;
	if (ok && recipe->twist == TWIST_BROKEN_SIGNATURE) {
		X509_get0_signature(&signature, NULL, cert);
		signature->data[signature->length - 1] ^= 1;
	}
	return ok;
}

static bool make(struct made *out, const struct recipe *recipe)
{
	const struct made *issuer = recipe->issuer != NULL ? find(recipe->issuer) : out;
	const struct made *signer = recipe->signer != NULL ? find(recipe->signer) : issuer;
	bool timed = recipe->from_day != 0 || recipe->to_day != 0;
	X509 *cert = X509_new();

	*out = (struct made){ recipe, cert, recipe_key(recipe) };
	return cert != NULL && out->key != NULL && issuer != NULL && signer != NULL &&
	       X509_set_version(cert, recipe->twist == TWIST_VERSION_1 ? X509_VERSION_1 : X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)made_count + 1) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(cert), ORACLE_NOW + (timed ? recipe->from_day : -365) * DAY) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), ORACLE_NOW + (timed ? recipe->to_day : 365) * DAY) != NULL &&
	       add_subject(cert, recipe) && X509_set_issuer_name(cert, X509_get_subject_name(issuer->cert)) == 1 &&
	       X509_set_pubkey(cert, out->key) == 1 && add_extensions(cert, issuer->cert, recipe) &&
	       sign(cert, signer->key, recipe);
}

/* --- the line ----------------------------------------------------------------------------------------------------- */

static void print_hex(FILE *out, const uint8_t *octets, int len)
{
	for (int i = 0; i < len; i++)
		(void)fprintf(out, "%02x", octets[i]);
}

bool certificate_print(FILE *out, const struct recipe *recipe)
{
	struct made *one = &made[made_count];
	bool timed = recipe->from_day != 0 || recipe->to_day != 0;
	uint8_t *der = NULL;
	uint8_t *spki = NULL;
	int der_len;
	int spki_len;

	if (made_count == MADE_MAX || find(recipe->label) != NULL || !make(one, recipe))
		return false;
	made_count++;
	der_len = i2d_X509(one->cert, &der);
	spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one->cert), &spki);
	if (der_len <= 0 || spki_len <= 0)
		return false;
	(void)fprintf(out, "%s\t%s\t%s%d\t%s\t%d\t%d\t", recipe->label,
		      recipe->issuer != NULL ? recipe->issuer : recipe->label, EVP_PKEY_get0_type_name(one->key),
		      EVP_PKEY_get_bits(one->key), OBJ_nid2sn(X509_get_signature_nid(one->cert)),
		      ORACLE_NOW + (timed ? recipe->from_day : -365) * DAY,
		      ORACLE_NOW + (timed ? recipe->to_day : 365) * DAY);
	print_hex(out, der, der_len);
	(void)fputc('\t', out);
	print_hex(out, spki, spki_len);
	(void)fputc('\n', out);
	OPENSSL_free(der);
	OPENSSL_free(spki);
	return true;
}
