# SPDX-License-Identifier: GPL-2.0
#
# The crash machinery: disks and load run in the guest that is recorded, replay on the
# machine that drives it. Included by the Makefile at the top.
#
#   make check-crash [SEED=1] [KERNELS=6.1]    make check-mutants [KERNELS=6.1]

CRASH_CFLAGS = -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -Idm-mirsync -Itests/crash \
	$(shell pkg-config --cflags libxxhash)
CRASH_PROGRAMS := $(addprefix $(BUILD)/crash/,disks load replay)
CRASH_REPLAY := replay image ledger site tape
CRASH_OBJECTS = $(patsubst %,$(BUILD)/crash/tests/crash/%.o,disks load $(CRASH_REPLAY)) \
	$(SHARED_USER:%.c=$(BUILD)/crash/%.o)

crash-programs: $(CRASH_PROGRAMS)

$(BUILD)/crash/disks $(BUILD)/crash/load: $(BUILD)/crash/%: $(BUILD)/crash/tests/crash/%.o $(BUILD)/crash/tests/crash/tape.o
	$(CC) -o $@ $^ -pthread

$(BUILD)/crash/replay: $(CRASH_REPLAY:%=$(BUILD)/crash/tests/crash/%.o) $(SHARED_USER:%.c=$(BUILD)/crash/%.o)
	$(CC) -o $@ $^ $(shell pkg-config --libs libxxhash)

$(BUILD)/crash/%.o: %.c tests/crash/crash.mk
	@mkdir -p $(@D)
	$(CC) $(CRASH_CFLAGS) -MMD -MP -c -o $@ $<

check-crash: crash-programs cli
	tests/crash/check

check-mutants: crash-programs cli
	tests/crash/mutants

-include $(CRASH_OBJECTS:.o=.d)

.PHONY: crash-programs check-crash check-mutants
