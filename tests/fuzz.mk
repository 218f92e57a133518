# SPDX-License-Identifier: GPL-2.0
#
# The fuzzers: each tests/fuzz/fuzz_*.c is one libFuzzer program, with the shared layer,
# under the address and undefined-behaviour sanitizers, by clang. Included by the Makefile
# at the top. The first inputs come from tests/fuzz/seeds.c; what a run finds on its way is
# kept in build/fuzz/corpus, for the next run.
#
#   make fuzz [SECONDS=60] [FUZZ="area wire"]

FUZZ_SECONDS = $(or $(SECONDS),60)
FUZZ_ALL := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ ?= $(FUZZ_ALL)
FUZZ_CC ?= clang
FUZZ_CFLAGS = -O1 -g -Wall -Wextra -Werror -Wno-address-of-packed-member -D_GNU_SOURCE \
	-Idm-mirsync -Iuserspace -Itests -Itests/fuzz -DIMAGE_EXTENTS=40u \
	$(shell pkg-config --cflags libxxhash json-c)
FUZZ_WATCHED := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_LIBS := -lxxhash

# What each program is made of besides its own file and the shared layer.
FUZZ_OFFLINE := tests/offline/image.c tests/offline/memory_dev.c tests/fuzz/edit_image.c \
	userspace/area.c userspace/area_write.c userspace/repair.c userspace/tree.c
FUZZ_OF_area := $(FUZZ_OFFLINE)
FUZZ_OF_cli := $(FUZZ_OFFLINE) $(addprefix userspace/,cli.c out.c cmd_check.c cmd_dump.c cmd_repair.c)
FUZZ_OF_conf := userspace/cli.c userspace/conf.c
FUZZ_LDFLAGS_cli := -Wl,--wrap=cli_error -ljson-c
FUZZ_LDFLAGS_conf := -Wl,--wrap=cli_error

FUZZ_PROGRAMS := $(FUZZ_ALL:%=$(BUILD)/fuzz/fuzz_%)
FUZZ_SOURCES := $(SHARED_USER) $(wildcard tests/fuzz/*.c) $(FUZZ_OF_cli) userspace/conf.c
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(BUILD)/fuzz/%.o)
fuzz_objects = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(1))

fuzz: fuzz-programs
	tests/fuzz-run $(FUZZ_SECONDS) $(FUZZ:%=$(BUILD)/fuzz/fuzz_%)

fuzz-programs: $(FUZZ_PROGRAMS) $(BUILD)/fuzz/seeds/made

$(BUILD)/fuzz/seeds/made: $(BUILD)/fuzz/make-seeds
	rm -rf ./$(@D)
	mkdir -p $(@D)
	$< $(@D)
	touch $@

$(BUILD)/fuzz/make-seeds: $(call fuzz_objects,tests/fuzz/seeds.c tests/offline/image.c $(SHARED_USER))
	$(FUZZ_CC) -fsanitize=address,undefined -o $@ $^ $(FUZZ_LIBS)

define fuzz_program
$(BUILD)/fuzz/fuzz_$(1): $(call fuzz_objects,tests/fuzz/fuzz_$(1).c $(FUZZ_OF_$(1)) $(SHARED_USER))
	$$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ $$(FUZZ_LIBS) $$(FUZZ_LDFLAGS_$(1))
endef
$(foreach f,$(FUZZ_ALL),$(eval $(call fuzz_program,$(f))))

$(BUILD)/fuzz/%.o: %.c tests/fuzz.mk
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_WATCHED) -MMD -MP -c -o $@ $<

# Checksums, and what only the tests do: nothing to find there, and most of the time.
$(call fuzz_objects,dm-mirsync/shared/env_user.c tests/offline/image.c): FUZZ_WATCHED := -O2

-include $(FUZZ_OBJECTS:.o=.d)

.PHONY: fuzz fuzz-programs
