# make deps, make boringssl, make install.

SBINDIR  := $(DESTDIR)$(PREFIX)/sbin
MANDIR   := $(DESTDIR)$(PREFIX)/share/man
DOCDIR   := $(DESTDIR)$(PREFIX)/share/doc/gate25
UNITDIR  := $(DESTDIR)/lib/systemd/system

.PHONY: deps install boringssl
deps:
	@deploy/build/deps

boringssl:
	deploy/build/boringssl build/boringssl

# The configuration is the operator's: an existing one is left alone.
install: all
	install -d $(SBINDIR) $(MANDIR)/man5 $(MANDIR)/man8 $(DOCDIR) $(UNITDIR) $(DESTDIR)$(SYSCONFDIR)/gate25
	install -m 0755 $(B)/gate25 $(B)/gate25-policyd $(SBINDIR)
	install -m 0644 deploy/man/*.5 $(MANDIR)/man5
	install -m 0644 deploy/man/*.8 $(MANDIR)/man8
	install -m 0644 README.md deploy/gate25.conf.example $(DOCDIR)
	install -m 0644 deploy/systemd/*.service $(UNITDIR)
	test -e $(DESTDIR)$(SYSCONFDIR)/gate25/gate25.conf || : > $(DESTDIR)$(SYSCONFDIR)/gate25/gate25.conf
