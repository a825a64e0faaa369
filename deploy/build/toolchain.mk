# Compiler, flags and libraries. No test and no product rule lives here.

PKG_PROXY  := libevent_core libevent_extra libnftnl libmnl libconfuse libseccomp jansson libidn2
PKG_POLICY := libevent_core libconfuse libseccomp ldns libunbound libcurl libssl libcrypto jansson

# Hardening that every compiler in use knows, then what this one knows. On x86-64 code is ready for CET; whether a
# program is marked for it is for the C library's own start files to say (Debian 12's are not).
option    = $(shell printf '\#include <stdio.h>\n' | $(CC) -Werror -O2 $(1) -x c -fsyntax-only - 2>/dev/null && echo '$(1)')
MACHINE  := $(shell uname -m)
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE $(call option,-ftrivial-auto-var-init=zero) \
            $(call option,-fstrict-flex-arrays=3)
ifeq ($(MACHINE),x86_64)
HARDEN   += -fcf-protection
else ifeq ($(MACHINE),aarch64)
HARDEN   += -mbranch-protection=standard
endif
FORTIFY  := $(or $(call option,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)
CPPFLAGS += -D_GNU_SOURCE -DGATE25_VERSION='"$(VERSION)"' -I.
CFLAGS   += -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wformat=2 -fno-strict-aliasing $(HARDEN)
LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=$(SANITIZE)
else
CPPFLAGS += $(FORTIFY)
endif

# BoringSSL: only the objects of proxy/ see its headers, only gate25 links it. No process ever holds both it and
# OpenSSL, which ldns brings along (`make check` proves that with ldd).
# Upstream compiles with -fvisibility=hidden: no shared library that gate25 loads ever finds a name of it.
BORINGSSL ?= $(wildcard $(CURDIR)/build/boringssl)
ifneq ($(strip $(BORINGSSL)),)
SSL_CPPFLAGS := -isystem $(BORINGSSL)/include
SSL_ARCHIVES := $(firstword $(wildcard $(BORINGSSL)/build/libssl.a $(BORINGSSL)/build/ssl/libssl.a)) \
                $(firstword $(wildcard $(BORINGSSL)/build/libcrypto.a $(BORINGSSL)/build/crypto/libcrypto.a))
ifneq ($(words $(SSL_ARCHIVES)),2)
$(error BORINGSSL=$(BORINGSSL) has no build/libssl.a and build/libcrypto.a: build it there with cmake and ninja, \
or run `make boringssl` without BORINGSSL=)
endif
SSL_LIBS     := $(SSL_ARCHIVES) -lstdc++ -lpthread
SSL_NAME     := upstream ($(BORINGSSL))
else
MULTIARCH    := $(shell $(CC) -print-multiarch 2>/dev/null || gcc -print-multiarch)
SSL_CPPFLAGS := -isystem /usr/include/android
SSL_LIBS     := -L/usr/lib/$(MULTIARCH)/android -Wl,-rpath,/usr/lib/$(MULTIARCH)/android -lssl -lcrypto
SSL_NAME     := Debian's android-libboringssl (a snapshot of 2022 without security updates)
endif

PROXY_LIBS   = $(shell pkg-config --libs $(PKG_PROXY))
POLICY_LIBS  = $(shell pkg-config --libs $(PKG_POLICY))
