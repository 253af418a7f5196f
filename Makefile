# PREFIX (/usr/local) is where `make install` puts things, below DESTDIR if that
# is set. `make help` lists the targets: the comments behind their names.

PREFIX ?= /usr/local
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
BINDIR ?= $(PREFIX)/bin
DESTDIR ?=
CARGO ?= cargo
INSTALL ?= install

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
BUILT = $(or $(CARGO_TARGET_DIR),target)/release
HEADERS = $(shell cd include && find . -name '*.h')
# BIND's libraries that old link lines name.
COMPAT = dst dhcp irs dns isccfg isc

# Two builds: nothing that only the shell needs gets into the library.
all: ## the library and omshell; needs no root
	$(CARGO) build --release
	$(CARGO) build --release -p omshell

help: ## this list
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/\1	\2/p' Makefile | expand -t 14

demo: ## a look at it: the manual page's program against our server
	@CARGO="$(CARGO)" ci/demo

check test: ## all tests, the one command; live servers, so root on Debian
	@ci/check

# Less than a minute once everything is built. --workspace in each line, though
# few packages have such tests: the same features, so nothing is built twice.
quick: ## format, clippy, unit tests, recorded sessions; no root, no server
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	$(CARGO) test --workspace --quiet --lib --bins --test golden --test dependencies --test architecture --test server
	$(CARGO) test --workspace --quiet --test shell golden::

check-slow: ## the same with Kea 2.6 too
	@DHCPCTL_SLOW=1 ci/check

bench: ## speed, memory and system calls next to their targets
	@CARGO="$(CARGO)" bench/run

tsan: ## the tests with threads under ThreadSanitizer
	@ci/tsan

asan: ## the same and more under AddressSanitizer
	@ci/asan

miri: ## the unit tests of objects and wire format under Miri (nightly)
	@ci/miri

header: ## writes include/dhcpctl.h anew
	$(CARGO) run --quiet -p xtask -- header

# libomapi is part of libdhcpctl; a line that still names it finds this note
# to the linker instead of a second library. Old lines that also list BIND's
# libraries find notes for those with -L$(LIBDIR)/dhcpctl-compat. A program that
# was linked with a shared libomapi finds the same file under that name: a link,
# not a copy, which would be a second library in the same process.
install: all ## into PREFIX: the library with its headers, and omshell
	$(INSTALL) -d "$(DESTDIR)$(LIBDIR)/pkgconfig"
	$(INSTALL) -m 755 "$(BUILT)/libdhcpctl.so" "$(DESTDIR)$(LIBDIR)/libdhcpctl.so.0"
	ln -sf libdhcpctl.so.0 "$(DESTDIR)$(LIBDIR)/libdhcpctl.so"
	ln -sf libdhcpctl.so.0 "$(DESTDIR)$(LIBDIR)/libomapi.so.0"
	ci/static-library "$(BUILT)/libdhcpctl.a" "$(DESTDIR)$(LIBDIR)/libdhcpctl.a"
	echo 'INPUT(-ldhcpctl)' > "$(DESTDIR)$(LIBDIR)/libomapi.so"
	echo 'INPUT(-ldhcpctl)' > "$(DESTDIR)$(LIBDIR)/libomapi.a"
	$(INSTALL) -d "$(DESTDIR)$(LIBDIR)/dhcpctl-compat"
	for l in $(COMPAT); do \
		echo 'INPUT(-ldhcpctl)' > "$(DESTDIR)$(LIBDIR)/dhcpctl-compat/lib$$l.so" || exit 1; \
		echo 'INPUT(-ldhcpctl)' > "$(DESTDIR)$(LIBDIR)/dhcpctl-compat/lib$$l.a" || exit 1; \
	done
	for h in $(HEADERS); do \
		$(INSTALL) -D -m 644 "include/$$h" "$(DESTDIR)$(INCLUDEDIR)/$$h" || exit 1; \
	done
	sed -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' dhcpctl.pc.in > "$(DESTDIR)$(LIBDIR)/pkgconfig/dhcpctl.pc"
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)"
	$(INSTALL) -m 755 "$(BUILT)/omshell" "$(DESTDIR)$(BINDIR)/omshell"

# Folders that others may use are left when they are not empty.
uninstall: ## removes that again
	cd "$(DESTDIR)$(LIBDIR)" && rm -f libdhcpctl.so.0 libdhcpctl.so libdhcpctl.a \
		libomapi.so.0 libomapi.so libomapi.a pkgconfig/dhcpctl.pc
	for l in $(COMPAT); do \
		rm -f "$(DESTDIR)$(LIBDIR)/dhcpctl-compat/lib$$l.so" \
			"$(DESTDIR)$(LIBDIR)/dhcpctl-compat/lib$$l.a"; \
	done
	-rmdir "$(DESTDIR)$(LIBDIR)/dhcpctl-compat"
	for h in $(HEADERS); do rm -f "$(DESTDIR)$(INCLUDEDIR)/$$h"; done
	-for d in $(sort $(dir $(HEADERS))); do \
		[ $$d = ./ ] || rmdir "$(DESTDIR)$(INCLUDEDIR)/$$d"; \
	done
	rm -f "$(DESTDIR)$(BINDIR)/omshell"

clean: ## what was built
	$(CARGO) clean
	$(MAKE) -C examples-c clean

.PHONY: all help demo quick check test check-slow bench tsan asan miri header install uninstall clean
