# SPDX-License-Identifier: GPL-2.0
#
# The CLI: build/mirsync from userspace/*.c and the shared layer. Included by the
# Makefile at the top.

CLI_LIBS := devmapper json-c blkid libkeyutils libxxhash
CLI_SOURCES := $(wildcard userspace/*.c) $(SHARED_USER)
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(BUILD)/cli/%.o)
CLI_CFLAGS = -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Idm-mirsync -Iuserspace \
	$(shell pkg-config --cflags $(CLI_LIBS))

cli: $(BUILD)/mirsync

# The list of sources is part of what the program is made of.
$(BUILD)/cli/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(sort $(CLI_SOURCES))' | cmp -s - $@ || echo '$(sort $(CLI_SOURCES))' >$@

$(BUILD)/mirsync: $(CLI_OBJECTS) $(BUILD)/cli/sources
	$(CC) $(LDFLAGS) -o $@ $(CLI_OBJECTS) $(shell pkg-config --libs $(CLI_LIBS))

$(BUILD)/cli/%.o: %.c userspace/build.mk
	@mkdir -p $(@D)
	$(CC) $(CLI_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(CLI_OBJECTS:.o=.d)

FORCE:
.PHONY: FORCE
