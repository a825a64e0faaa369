# gate25 - README.md says what this is. The two commands that matter: `make demo` and `make check`.
#
#   make              build/gate25 and build/gate25-policyd
#   make check        every test; installs what it needs first (as root on Debian). LAB=no leaves out the network lab
#   make fuzz         each fuzz target for FUZZ_SECONDS (60) with clang's libFuzzer; FUZZ_ONLY=dns some of them
#   make soak         SOAK_MESSAGES (100,000) messages through the gate while everything around it goes wrong; as root
#   make fuzz-long    each for ten minutes and more, at low priority, JOBS at a time
#   make mutants      breaks the session machine on purpose: does its fuzz target notice?
#   make model        the session machine model-checked by spin; model-long: longer sessions
#   make demo         real mail through a small internet in network namespaces, told as a story
#   make boringssl    fetch, check and build the pinned upstream BoringSSL into build/boringssl
#   make install      into DESTDIR/PREFIX
#   V=1               show each command
#
# BORINGSSL=/path uses an upstream BoringSSL tree with its build, linked statically. Without it build/boringssl is
# taken if it is there, else Debian's android-libboringssl-dev (old; the program says so).

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
Q := $(if $(V),,@)

VERSION   := 0.1
PREFIX    ?= /usr
SYSCONFDIR ?= /etc
CC        := $(if $(filter default,$(origin CC)),gcc,$(CC))
SANITIZE  ?=
VARIANT   ?= main
B         := build/$(VARIANT)

include deploy/build/toolchain.mk

# --- what is built from what: a folder is a library, main files aside -------------------------------------------

BASE_OBJS     := $(patsubst %.c,$(B)/%.o,$(wildcard proxy/base/*.c))
NETFILTER_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard netfilter/*.c))
VERDICT_OBJS  := $(patsubst %.c,$(B)/%.o,$(wildcard policy/verdict/*.c))
PROXY_OBJS    := $(patsubst %.c,$(B)/%.o,$(filter-out proxy/base/%,$(wildcard proxy/*/*.c)))
POLICY_OBJS   := $(patsubst %.c,$(B)/%.o,$(filter-out policy/verdict/%,$(wildcard policy/*/*.c)))

$(PROXY_OBJS) $(B)/proxy/main.o: CPPFLAGS += $(SSL_CPPFLAGS)
$(B)/tests/unit/proxy/%.o $(B)/tests/fuzz/proxy/%.o: CPPFLAGS += $(SSL_CPPFLAGS)

PROXY_LINK  = $(B)/libproxy.a $(B)/libnetfilter.a $(B)/libverdict.a $(B)/libbase.a $(SSL_LIBS) $(PROXY_LIBS)
POLICY_LINK = $(B)/libpolicy.a $(B)/libverdict.a $(B)/libbase.a $(POLICY_LIBS)

.DEFAULT_GOAL := all
.PHONY: all
all: build/gate25 build/gate25-policyd
	@echo "gate25 $(VERSION) is built; TLS: $(SSL_NAME)"

build/gate25 build/gate25-policyd: build/%: $(B)/%
	@ln -sf main/$* $@

$(B)/gate25: $(B)/proxy/main.o $(B)/libproxy.a $(B)/libnetfilter.a $(B)/libverdict.a $(B)/libbase.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(PROXY_LINK)

$(B)/gate25-policyd: $(B)/policy/main.o $(B)/libpolicy.a $(B)/libverdict.a $(B)/libbase.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(POLICY_LINK)

$(B)/libbase.a: $(BASE_OBJS)
$(B)/libnetfilter.a: $(NETFILTER_OBJS)
$(B)/libverdict.a: $(VERDICT_OBJS)
$(B)/libproxy.a: $(PROXY_OBJS)
$(B)/libpolicy.a: $(POLICY_OBJS)
$(B)/lib%.a:
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Rebuild when compiler, flags or the BoringSSL in use change. Expanded here, once: a recipe would see the CPPFLAGS of
# whichever object asked first.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(SSL_CPPFLAGS) $(SSL_LIBS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@
.PHONY: FORCE
FORCE:

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- tests, demo, the rest ----------------------------------------------------------------------------------------

include tests/tests.mk
include deploy/build/install.mk

.PHONY: clean
clean:
	rm -rf build
