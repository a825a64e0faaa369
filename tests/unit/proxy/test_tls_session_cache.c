/* The resumption cache by itself: proxy/tls_session_cache.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_compat.h"
#include "proxy/tls/tls_session_cache.h"

static SSL_CTX *ctx;

static int make_ctx(void **state)
{
	(void)state;
	ctx = SSL_CTX_new(TLS_method());
	return ctx == NULL;
}

static int free_ctx(void **state)
{
	(void)state;
	SSL_CTX_free(ctx);
	return 0;
}

static SSL_SESSION *session_of(uint16_t version)
{
	SSL_SESSION *session = SSL_SESSION_new(ctx);

	assert_non_null(session);
	assert_int_equal(SSL_SESSION_set_protocol_version(session, version), 1);
	return session;
}

static void put(struct tls_session_cache *cache, uint8_t number)
{
	const uint8_t key[TLS_SESSION_KEY_LEN] = { [31] = number };

	tls_session_cache_put(cache, key, session_of(TLS1_2_VERSION));
}

static bool has(struct tls_session_cache *cache, uint8_t number)
{
	const uint8_t key[TLS_SESSION_KEY_LEN] = { [31] = number };
	SSL_SESSION *session = tls_session_cache_take(cache, key);

	SSL_SESSION_free(session);
	return session != NULL;
}

/* All keys share a bucket here: they differ behind the part that is hashed. */
static void the_least_recently_used_goes_first(void **state)
{
	struct tls_session_cache *cache = tls_session_cache_new(3);

	(void)state;
	put(cache, 1);
	put(cache, 2);
	put(cache, 3);
	assert_true(has(cache, 1)); /* used: now 2 is the oldest */
	put(cache, 4);
	assert_int_equal(tls_session_cache_count(cache), 3);
	assert_false(has(cache, 2));
	assert_true(has(cache, 3));
	assert_true(has(cache, 1));
	put(cache, 5);
	assert_false(has(cache, 4));
	put(cache, 3); /* again: replaced, and the newest */
	assert_int_equal(tls_session_cache_count(cache), 3);
	put(cache, 6);
	assert_false(has(cache, 1));
	assert_true(has(cache, 3) && has(cache, 5) && has(cache, 6));
	tls_session_cache_clear(cache);
	assert_int_equal(tls_session_cache_count(cache), 0);
	assert_false(has(cache, 3));
	put(cache, 1);
	tls_session_cache_free(cache);
	tls_session_cache_free(NULL);
}

static void sessions_of_tls13_are_given_once(void **state)
{
	static const struct {
		uint16_t version;
		size_t left;
	} cases[] = { { TLS1_2_VERSION, 1 }, { TLS1_3_VERSION, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_session_cache *cache = tls_session_cache_new(1);
		const uint8_t key[TLS_SESSION_KEY_LEN] = { 7 };
		SSL_SESSION *session = session_of(cases[i].version);
		SSL_SESSION *taken;
		tls_session_cache_put(cache, key, session);
		taken = tls_session_cache_take(cache, key);
		assert_ptr_equal(taken, session);
		assert_int_equal(tls_session_cache_count(cache), cases[i].left);
		tls_session_cache_free(cache);
		assert_int_equal(SSL_SESSION_get_protocol_version(taken), cases[i].version); /* outlives the cache */
		SSL_SESSION_free(taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_recently_used_goes_first),
		cmocka_unit_test(sessions_of_tls13_are_given_once),
	};

	return cmocka_run_group_tests(tests, make_ctx, free_ctx);
}
