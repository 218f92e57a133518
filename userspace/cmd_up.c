// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync up: makes the device-mapper device of a configured volume. The size
 * is that recorded on the metadata device; the kernel checks the rest.
 */
#include <stdio.h>
#include <keyutils.h>

#include "area.h"
#include "cli.h"
#include "conf.h"
#include "dm.h"
#include "kmsg.h"
#include "out.h"
#include "shared/rules.h"

static bool all;
static bool dry_run;

static const struct cli_option options[] = {
	{ "all", CLI_FLAG, NULL, "every volume that has a configuration file and is down",
	  &all, 0, 0 },
	{ "dry-run", CLI_FLAG, NULL, "print the device-mapper table line, start nothing",
	  &dry_run, 0, 0 },
	{ }
};

/* A key that is not there is the likeliest mistake: name it before the kernel refuses. */
static int check_key(const struct conf *c)
{
	char type[CONF_VALUE], desc[CONF_VALUE];

	if (sscanf(c->auth, "key :%*[0-9]:%511[^:]:%511s", type, desc) != 2)
		return 0;
	if (request_key(type, desc, NULL, 0) >= 0 || errno == ENOSYS || errno == EACCES)
		return 0;
	return cli_error(CLI_FAILED, c->name, "the %s key %s is not to be had: %s", type, desc,
			 strerror(errno));
}

/*
 * The device's UUID: the volume's id and the node's, because both sites of a
 * volume may be on one machine, in two network namespaces.
 */
static void make_uuid(char *uuid, size_t size, const struct ms_sb *sb)
{
	char volume[2 * MS_UUID + 1], node[2 * MS_UUID + 1];

	snprintf(uuid, size, "MIRSYNC-%s-%s", out_uuid(volume, sb->volume_id),
		 out_uuid(node, sb->node_id));
}

static int read_super(const struct conf *c, struct ms_sb *sb)
{
	struct area a;
	int r;

	r = area_open(&a, c->meta, 0);
	if (area_why(r))
		cli_error(0, c->meta, "%s", area_why(r));
	*sb = a.sb;
	area_close(&a);
	return r ? CLI_FAILED : 0;
}

/*
 * The role that the metadata remembers comes before the configured one: a switchover changes
 * no file. As a secondary the site would give the role up, and what it completed last with
 * it: the peer cannot tell that from being in sync.
 */
static void keep_role(struct conf *c, const struct ms_sb *sb)
{
	if (sb->role != MS_ROLE_PRIMARY || strcmp(c->role, ms_role_name(MS_ROLE_SECONDARY)))
		return;
	strcpy(c->role, ms_role_name(MS_ROLE_PRIMARY));
	fprintf(stderr, "mirsync: %s: was primary, and waits for its peer as such, though its configuration says secondary; 'mirsync demote' gives the role up\n",
		c->name);
}

/* A name that is taken. Return: 0 by a volume that is up, else an exit status; reported. */
static int check_taken(const char *name)
{
	struct dm_volume v;

	return dm_find(&v, name);
}

static int up_one(const char *name)
{
	char params[4096], uuid[128], why[DM_TEXT];
	struct conf c;
	struct ms_sb sb;
	int log, r;
	int code;

	code = conf_load(&c, name);
	if (!code && !dry_run && dm_exists(name))
		code = check_taken(name) ? CLI_FAILED : cli_error(CLI_FAILED, name, "is up already");
	if (!code)
		code = read_super(&c, &sb);
	if (code)
		return code;
	keep_role(&c, &sb);
	code = conf_params(&c, params, sizeof(params));
	if (code)
		return code;
	if (dry_run) {
		printf("0 %llu mirsync %s\n", (unsigned long long)sb.sectors, params);
		return CLI_OK;
	}
	if (check_key(&c))
		return CLI_FAILED;
	make_uuid(uuid, sizeof(uuid), &sb);
	log = kmsg_open();
	r = dm_create(name, uuid, sb.sectors, params, why);
	if (r) {
		code = cli_error(CLI_FAILED, name,
				 "cannot be started (%s); the kernel log has the reason%s",
				 why, log < 0 ? " (dmesg)" : ":");
		if (log >= 0 && !kmsg_print(log))
			fprintf(stderr, "kernel: nothing about mirsync\n");
	}
	kmsg_close(log);
	return code;
}

static int up_if_down(const char *name, void *arg)
{
	(void)arg;
	return !dry_run && dm_exists(name) ? check_taken(name) : up_one(name);
}

static int run(int argc, char **argv)
{
	if (all == (argc > 0))
		return cli_error(CLI_USAGE, "up", "name a volume, or give --all");
	return all ? conf_each(up_if_down, NULL) : up_one(argv[0]);
}

const struct cli_command cmd_up = {
	.name = "up",
	.operands = "VOL | --all",
	.summary = "Start a configured volume: make its device /dev/mapper/VOL",
	.options = options,
	.max = 1,
	.run = run,
};
