/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table line: parsing it into a struct of its own, and printing it again.
 * No state, no locking.
 */
#ifndef MS_TARGET_CONFIG_H
#define MS_TARGET_CONFIG_H

#include <linux/device-mapper.h>
#include <linux/socket.h>

#include "shared/format.h"
#include "shared/options.h"

#define MS_ADDR_TEXT	64
#define MS_KEY_TEXT	128
#define MS_KEY_MAX	128	/* bytes of key */

struct ms_config {
	enum ms_role role;
	struct dm_dev *data, *meta;
	char local_text[MS_ADDR_TEXT], peer_text[MS_ADDR_TEXT];
	struct sockaddr_storage local, peer;
	bool noauth;
	char key_text[MS_KEY_TEXT];	/* ":SIZE:TYPE:DESCRIPTION" */
	u8 key[MS_KEY_MAX];
	u32 key_len;
	struct ms_options opt;		/* as this line has them */
};

/* Parse "ROLE DATA META LOCAL PEER [N OPT...]"; opens the devices, fetches the key. ti->error is set on failure; what was opened is released by ms_config_release() either way. */
int ms_config_parse(struct ms_config *c, struct dm_target *ti, unsigned int argc, char **argv);
void ms_config_release(struct ms_config *c, struct dm_target *ti);
/* The line again, with the role and the options in force. Return: characters that were needed. */
unsigned int ms_config_print(const struct ms_config *c, enum ms_role role,
			     const struct ms_options *opt, char *result, unsigned int maxlen);

#endif
