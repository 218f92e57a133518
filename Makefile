# SPDX-License-Identifier: GPL-2.0
#
# The top: what a person or the continuous integration calls. The kernel module is
# built by kbuild (see Kbuild and scripts/build-module), the CLI by
# userspace/build.mk, the unit tests by tests/unit.mk, the fuzzers by tests/fuzz.mk. All
# output is below build/.
#
#   make              the module for every installed kernel of a supported series; the CLI;
#                     the manual page of the target
#   make modules [KVER=RELEASE]    make cli    make unit    make lint    make sparse
#   make check [CASES="010 020"] [KERNELS=6.1]    everything, as CI does
#   make fuzz [SECONDS=60] [FUZZ="area wire"]
#   make install [PREFIX=/usr/local] [KVER=RELEASE]    make install-user    make demo    make clean

PREFIX ?= /usr/local
DESTDIR ?=
includedir ?= $(PREFIX)/include
docdir ?= $(PREFIX)/share/doc/dm-mirsync
KERNELS ?= 6.1 6.12
export KERNELS

# Asked for once, when a target needs it.
kvers = $(if $(KVER),$(KVER),$(shell KERNELS='$(KERNELS)' scripts/kernels))

BUILD := build
SHARED_USER := $(filter-out %_kernel.c,$(wildcard dm-mirsync/shared/*.c))

all: modules cli man

modules: $(BUILD)
	@set -e; list="$(kvers)"; \
	test -n "$$list" || { echo "no kernel headers found: scripts/install-deps" >&2; exit 1; }; \
	for k in $$list; do scripts/build-module $$k; done

# Warnings of kbuild's W=1 and of sparse, in trees of their own.
sparse: $(BUILD)
	@set -e; for k in $(kvers); do scripts/lint-module $$k; done

lint: sparse
	scripts/check-includes
	scripts/check-docs

check:
	tests/run

# The guests' cases on a kernel with KASAN, lockdep, kmemleak and fault injection.
check-debug:
	tests/run-debug

# Beside DRBD and dm-linear, in a deterministic guest.
bench:
	tests/bench/run
bench-quick:
	QUICK=1 tests/bench/run

# The tables of the rules, made from them; lint says when they are out of date.
doc/rules.md: $(wildcard dm-mirsync/shared/rules*.c) scripts/rules-tables.c scripts/print-rules
	scripts/print-rules >$@.new
	mv $@.new $@

# The manual page of the target, made of the document.
man: $(BUILD)/dm-mirsync.7

$(BUILD)/dm-mirsync.7: doc/interface.md userspace/man/mirsync.8 scripts/man-page | $(BUILD)
	scripts/man-page >$@.new
	mv $@.new $@

demo:
	tests/demo/run

install-deps:
	scripts/install-deps

$(BUILD):
	mkdir -p $@

include userspace/build.mk
include tests/unit.mk
include tests/crash/crash.mk
include tests/fuzz.mk

# The kernel to install for; a chroot or a build machine says another.
install: KVER ?= $(shell uname -r)
install: install-user
	scripts/build-module $(KVER)
	install -D -m 644 $(BUILD)/$(KVER)/dm-mirsync.ko \
		$(DESTDIR)/lib/modules/$(KVER)/extra/dm-mirsync.ko
	$(if $(DESTDIR),,depmod $(KVER))

# All but the module.
install-user: cli man
	install -D -m 755 $(BUILD)/mirsync $(DESTDIR)$(PREFIX)/sbin/mirsync
	set -e; for page in $(BUILD)/dm-mirsync.7 $(wildcard userspace/man/*.[58]); do \
		install -D -m 644 $$page \
			$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -D -m 644 dm-mirsync/shared/mirsync_ioctl.h $(DESTDIR)$(includedir)/mirsync_ioctl.h
	install -d $(DESTDIR)$(docdir)/examples
	install -m 644 $(wildcard doc/*.md) $(DESTDIR)$(docdir)
	install -m 644 $(wildcard doc/examples/*.c) $(DESTDIR)$(docdir)/examples
	install -m 755 $(filter-out %.c,$(wildcard doc/examples/*)) $(DESTDIR)$(docdir)/examples

clean:
	rm -rf ./$(BUILD)

.PHONY: all bench bench-quick modules man sparse lint check check-debug demo install-deps install install-user clean cli unit
