# Every test. A unit test lives in the folder of tests/unit that is named as the folder it tests, and links that
# folder's libraries and no others: so no test program ever holds BoringSSL and OpenSSL together.

UNIT_SRCS := $(wildcard tests/unit/*/test_*.c)
UNITS     := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRCS))
FUZZ_SRCS := $(wildcard tests/fuzz/*/fuzz_*.c)
FUZZERS   := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRCS))

CMOCKA     := -lcmocka
EVENT_LIBS := -levent_core
BASE_LIBS   = $(shell pkg-config --libs libevent_core libconfuse libseccomp)
NETFILTER_LIBS = $(shell pkg-config --libs libnftnl libmnl)

.SECONDARY:
$(B)/unit/base/%: $(B)/tests/unit/base/%.o $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CMOCKA) $(BASE_LIBS)
$(B)/unit/netfilter/%: $(B)/tests/unit/netfilter/%.o $(B)/libnetfilter.a $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CMOCKA) $(NETFILTER_LIBS) $(BASE_LIBS)
$(B)/unit/proxy/%: $(B)/tests/unit/proxy/%.o $(B)/libproxy.a $(B)/libnetfilter.a $(B)/libverdict.a $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(CMOCKA) $(PROXY_LINK)
$(B)/unit/policy/%: $(B)/tests/unit/policy/%.o $(B)/libpolicy.a $(B)/libverdict.a $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(CMOCKA) $(POLICY_LINK)

# The DNS of these is a table of their own.
$(B)/unit/policy/test_mx_dane $(B)/unit/policy/test_mx_cache $(B)/unit/policy/test_gather: \
	LDFLAGS += -Wl,--wrap=dns_ask,--wrap=dns_cancel
# And MTA-STS and list, what is published, are what each row says.
$(B)/unit/policy/test_gather: \
	LDFLAGS += -Wl,--wrap=sts_ask,--wrap=sts_cancel,--wrap=sts_find,--wrap=sts_remembered,--wrap=list_find,--wrap=list_expires
# Of these the policy hosts too.
STS_WORLD := -Wl,--wrap=dns_ask,--wrap=dns_cancel,--wrap=sts_fetch_start,--wrap=sts_fetch_cancel
$(B)/unit/policy/test_sts $(B)/unit/policy/test_sts_table $(B)/unit/policy/test_sts_disk: LDFLAGS += $(STS_WORLD)
# This one ends at each of its calls.
$(B)/unit/policy/test_sts_store: LDFLAGS += -Wl,--wrap=write,--wrap=fsync,--wrap=renameat,--wrap=unlinkat

# The policy hosts of this one too.
$(B)/unit/policy/test_policyd: \
	LDFLAGS += -Wl,--wrap=sts_fetcher_new,--wrap=sts_fetcher_free,--wrap=sts_fetch_start,--wrap=sts_fetch_cancel

# The clock of these is their own.
$(B)/unit/proxy/test_handshakes $(B)/unit/proxy/test_conn_turns: LDFLAGS += -Wl,--wrap=clock_gettime

# A fuzz target is built twice: replayed over its seeds by any compiler (make check), and with libFuzzer (make fuzz).
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer,$(B)/tests/fuzz/replay.o)
$(B)/fuzz/proxy/%: $(B)/tests/fuzz/proxy/%.o $(B)/tests/fuzz/replay.o $(B)/libproxy.a $(B)/libnetfilter.a $(B)/libverdict.a \
                    $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(PROXY_LINK)
$(B)/fuzz/policy/%: $(B)/tests/fuzz/policy/%.o $(B)/tests/fuzz/replay.o $(B)/libpolicy.a $(B)/libverdict.a $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(POLICY_LINK)
$(B)/fuzz/base/%: $(B)/tests/fuzz/base/%.o $(B)/tests/fuzz/replay.o $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(B)/libbase.a $(BASE_LIBS)

# Chains and TLSA records judged by gate25 and by OpenSSL's own DANE: tests/oracle/run says how. Its programs hold OpenSSL
# and nothing of gate25; tests/boundaries looks at them, so unit builds them.
ORACLE := $(B)/oracle/oracle $(B)/oracle/certificates
$(B)/oracle/oracle: $(B)/tests/oracle/oracle.o
$(B)/oracle/certificates: $(patsubst %,$(B)/tests/oracle/%.o,certificates certificate key recipes)
$(ORACLE):
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libssl libcrypto)

.PHONY: unit oracle check
oracle: $(B)/gate25 $(ORACLE)
	@tests/oracle/run $(B)
# The unit tests and fuzz seeds of one variant (VARIANT, CC, SANITIZE).
unit: $(UNITS) $(FUZZERS) $(ORACLE)
	@tests/run-units $(B) $(UNITS) $(FUZZERS)

check:
	@tests/check

# Each fuzz target by libFuzzer for FUZZ_SECONDS, or those whose name has FUZZ_ONLY in it. What it learns is kept in
# build/fuzz/corpus; an input that breaks something is left in build/fuzz/found and ends it.
FUZZ_SECONDS ?= 60
.PHONY: fuzz fuzzers
fuzz:
	@$(MAKE) --no-print-directory fuzzers VARIANT=fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined
fuzzers: $(if $(FUZZ_ONLY),$(foreach fuzzer,$(FUZZERS),$(if $(findstring $(FUZZ_ONLY),$(fuzzer)),$(fuzzer))),$(FUZZERS))
	@mkdir -p $(B)/found; for fuzzer in $^; do \
		name=$${fuzzer##*/}; mkdir -p $(B)/corpus/$$name; echo "$$name: $(FUZZ_SECONDS) s"; \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=20 -artifact_prefix=$(B)/found/ $(B)/corpus/$$name \
			tests/fuzz/seeds/$$name >$(B)/$$name.log 2>&1 || { tail -n 60 $(B)/$$name.log; exit 1; }; \
	done

# The same, long: at low priority, a core each, at least ten minutes a target; tests/fuzz/long says the rest.
.PHONY: fuzz-long fuzzers-long mutants mutants-built
fuzz-long:
	@$(MAKE) --no-print-directory fuzzers-long VARIANT=fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined \
		FUZZ_SECONDS=$(if $(filter command line environment,$(origin FUZZ_SECONDS)),$(FUZZ_SECONDS),600)
fuzzers-long: $(if $(FUZZ_ONLY),$(foreach fuzzer,$(FUZZERS),$(if $(findstring $(FUZZ_ONLY),$(fuzzer)),$(fuzzer))),$(FUZZERS))
	@tests/fuzz/long $(B) $(FUZZ_SECONDS) $(or $(JOBS),$(shell nproc)) $^

# Does the fuzz target of the session machine notice when the machine is broken? MUTANT=text: some of the ways.
mutants:
	@$(MAKE) --no-print-directory mutants-built VARIANT=fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined
mutants-built: $(B)/fuzz/proxy/fuzz_machine
	@tests/fuzz/mutants $(B) 30 "$(CC) $(CPPFLAGS) $(CFLAGS)" "$(CC) $(LDFLAGS)" "$(PROXY_LINK)" $(if $(MUTANT),"$(MUTANT)")

# The session machine by spin: tests/model/run says what. model-long takes some minutes and 2 GB.
.PHONY: model model-long
model model-long: $(B)/fuzz/proxy/fuzz_machine $(B)/fuzz/proxy/fuzz_session
	@tests/model/run $(if $(filter model-long,$@),long)

# The network lab's own programs: one source, one program.
LAB_TOOLS := $(patsubst tests/lab/netfilter/%.c,$(B)/lab/netfilter/%,$(wildcard tests/lab/netfilter/*.c))
.PHONY: lab-tools
lab-tools: $(LAB_TOOLS)
$(B)/lab/netfilter/%: $(B)/tests/lab/netfilter/%.o $(B)/libnetfilter.a $(B)/libbase.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(NETFILTER_LIBS) $(BASE_LIBS)

# --- lint ----------------------------------------------------------------------------------------------------------

PRODUCT_SRCS := $(wildcard proxy/*.c proxy/*/*.c netfilter/*.c policy/*.c policy/*/*.c)
C_FILES      := $(shell find proxy netfilter policy tests -name '*.[ch]')
TIDY         := $(PRODUCT_SRCS:%=build/tidy/%.ok)

ANALYZED     := $(PRODUCT_SRCS:%=build/analyzer/%.ok)

.PHONY: lint lint-format lint-tidy lint-analyzer lint-cppcheck
lint: lint-format lint-tidy lint-analyzer lint-cppcheck
lint-format:
	$(Q)clang-format --dry-run -Werror $(C_FILES)
lint-tidy: $(TIDY)
# A stamp for each file: a second run looks at what changed only.
$(filter build/tidy/proxy/%,$(TIDY)): CPPFLAGS += $(SSL_CPPFLAGS)
build/tidy/%.ok: % .clang-tidy $(filter %.h,$(C_FILES))
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(CPPFLAGS) -std=gnu11 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

# gcc's own analyzer, file by file. Its search for leaks cannot follow what is stored in a caller's structure: that is
# left to clang-tidy and to the unit tests under LeakSanitizer.
lint-analyzer: $(ANALYZED)
$(filter build/analyzer/proxy/%,$(ANALYZED)): CPPFLAGS += $(SSL_CPPFLAGS)
build/analyzer/%.ok: % $(filter %.h,$(C_FILES))
	@mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) -std=gnu11 -O2 -fanalyzer -Wno-analyzer-malloc-leak -Werror -c $< -o /dev/null
	@touch $@

# One thread a process: what is not reentrant is fine. The lists of sys/queue.h must be known to it.
lint-cppcheck:
	@mkdir -p build/cppcheck
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,portability,performance --inline-suppr --std=c11 -j$$(nproc) \
		--cppcheck-build-dir=build/cppcheck --library=posix,gnu --include=/usr/include/$$(gcc -print-multiarch)/sys/queue.h \
		--suppress=getpwnamCalled --suppress=readdirCalled --suppress=missingIncludeSystem \
		-I. -D_GNU_SOURCE -DGATE25_VERSION='"0"' -DOPENSSL_IS_BORINGSSL proxy netfilter policy

# --- the lab and the demo ------------------------------------------------------------------------------------------

.PHONY: lab demo soak
lab: all lab-tools
	@tests/run-lab

# Many messages through the gate while servers, roles, names and certificates go wrong (20 minutes or so). As root.
soak: all
	@SOAK_MESSAGES=$${SOAK_MESSAGES:-100000} bash tests/lab/load/test_soak.sh

demo:
	@deploy/build/deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/demo/demo
