# SPDX-License-Identifier: GPL-2.0
#
# The unit tests: each tests/unit/test_*.c is one program, linked with the shared
# layer under the address and undefined-behaviour sanitizers. Other .c files of
# tests/unit are linked to every program; scripts there are run beside the programs.
# Included by the Makefile at the top.

# Those that take longest first, so that none runs alone at the end.
UNIT_LONG := tests/unit/test_model.c tests/unit/test_repair.c
UNIT_SOURCES := $(UNIT_LONG) $(filter-out $(UNIT_LONG),$(wildcard tests/unit/test_*.c))
UNIT_SCRIPTS := $(wildcard tests/unit/*.sh)
UNIT_PROGRAMS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)
# The model checker walks millions of worlds: optimised, and without sanitizers. What it walks of
# the shared layer is under them in the other programs.
MODEL_SOURCES := tests/unit/test_model.c $(wildcard tests/unit/model_*.c)
MODEL_OBJECTS := $(patsubst %.c,$(BUILD)/unit/fast/%.o,$(MODEL_SOURCES) $(SHARED_USER))
UNIT_COMMON := $(filter-out $(UNIT_SOURCES) $(MODEL_SOURCES),$(wildcard tests/unit/*.c)) $(SHARED_USER)
# Parts of the CLI.
UNIT_CLI := $(addprefix $(BUILD)/unit/userspace/,out.o failback.o cmd_failback.o cmd_resolve.o \
	sites.o sites_digest.o sites_marked.o watch.o progress.o interrupt.o)
# The offline code on a device in memory.
UNIT_OFFLINE := $(wildcard tests/offline/*.c) userspace/area.c userspace/area_write.c \
	userspace/repair.c userspace/tree.c
UNIT_OFFLINE_OBJECTS := $(UNIT_OFFLINE:%.c=$(BUILD)/unit/%.o)
UNIT_COMMON_OBJECTS := $(UNIT_COMMON:%.c=$(BUILD)/unit/%.o)
UNIT_FLAGS = -g -Wall -Wextra -Werror -D_GNU_SOURCE -Idm-mirsync -Itests/unit \
	-Iuserspace -Itests $(shell pkg-config --cflags cmocka libxxhash json-c)
UNIT_CFLAGS = -O1 $(UNIT_FLAGS) \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

$(BUILD)/unit/test_repair: $(UNIT_OFFLINE_OBJECTS)
$(BUILD)/unit/test_out: $(BUILD)/unit/userspace/out.o
$(BUILD)/unit/test_failback: $(UNIT_CLI)

# The examples of doc/ are built with them, so that they go on to compile: by the header alone.
EXAMPLES := $(patsubst doc/examples/%.c,$(BUILD)/examples/%,$(wildcard doc/examples/*.c))

unit-programs: $(UNIT_PROGRAMS) examples

examples: $(EXAMPLES)

$(BUILD)/examples/%: doc/examples/%.c dm-mirsync/shared/mirsync_ioctl.h
	@mkdir -p $(@D)
	$(CC) -O1 -Wall -Wextra -Werror -Idm-mirsync/shared -o $@ $<

unit: unit-programs
	tests/unit-run $(UNIT_PROGRAMS) $(UNIT_SCRIPTS)

$(BUILD)/unit/test_model: $(MODEL_OBJECTS)
	$(CC) -o $@ $^ $(shell pkg-config --libs cmocka libxxhash)

$(filter-out $(BUILD)/unit/test_model,$(UNIT_PROGRAMS)): $(BUILD)/unit/%: $(BUILD)/unit/tests/unit/%.o $(UNIT_COMMON_OBJECTS)
	$(CC) -fsanitize=address,undefined -o $@ $^ $(shell pkg-config --libs cmocka libxxhash json-c)

$(BUILD)/unit/fast/%.o: %.c tests/unit.mk
	@mkdir -p $(@D)
	$(CC) -O3 $(UNIT_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/%.o: %.c tests/unit.mk
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

-include $(UNIT_COMMON_OBJECTS:.o=.d) $(MODEL_OBJECTS:.o=.d) $(UNIT_OFFLINE_OBJECTS:.o=.d) $(UNIT_SOURCES:%.c=$(BUILD)/unit/%.d) \
	$(UNIT_CLI:.o=.d)

.PHONY: unit-programs examples
.SECONDARY:
