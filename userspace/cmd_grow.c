// SPDX-License-Identifier: GPL-2.0-only
/*
 * mirsync grow: gives a volume that is up the size of its data device, or --size, by loading
 * its own table line with that length and resuming it. What can be said before the kernel
 * refuses is said here: the order of the sites, and how large the metadata device has to be.
 */
#include <stdio.h>
#include <sys/types.h>

#include "cli.h"
#include "kmsg.h"
#include "online.h"
#include "out.h"
#include "shared/geometry.h"

static u64 size;

static const struct cli_option options[] = {
	{ "size", CLI_SIZE, "N[K|M|G|T]",
	  "bytes, the same at both sites (default: all of the data device)", &size, 0, 0 },
	{ }
};

struct devices {
	u64 data, meta;		/* sectors */
};

static int device_sectors(const char *name, u64 *sectors)
{
	unsigned long long n = 0;
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/dev/block/%s/size", name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	*sectors = n;
	return n ? 0 : cli_error(CLI_FAILED, name, "the size of this device cannot be read");
}

/* The table line in force begins with the role and both devices as major:minor. */
static int find_devices(const struct online *o, const char *params, struct devices *d)
{
	char data[32], meta[32];
	int code;

	if (sscanf(params, "%*s %31s %31s", data, meta) != 2)
		return cli_error(CLI_FAILED, o->vol.name, "its table line cannot be read");
	code = device_sectors(data, &d->data);
	return code ? code : device_sectors(meta, &d->meta);
}

static int check_room(const struct online *o, const struct devices *d, u64 sectors)
{
	char a[OUT_TEXT], b[OUT_TEXT];
	struct ms_geo geo;
	u64 need;

	if (sectors > d->data)
		return cli_error(CLI_FAILED, o->vol.name, "its data device has only %s",
				 out_bytes(a, d->data << MS_SECTOR_SHIFT));
	if (ms_geo_init(&geo, sectors, MS_SECTOR_SHIFT + (u32)__builtin_ctz(o->st.seg_sectors),
			o->st.max_hot))
		return cli_error(CLI_FAILED, o->vol.name, "a volume cannot be so large");
	need = geo.area_blocks * MS_BLOCK;
	if (need <= d->meta << MS_SECTOR_SHIFT)
		return 0;
	return cli_error(CLI_FAILED, o->vol.name,
			 "its metadata device is too small: %llu bytes (%s) are needed, it has %llu (%s)",
			 (unsigned long long)need, out_bytes(a, need),
			 (unsigned long long)d->meta << MS_SECTOR_SHIFT,
			 out_bytes(b, d->meta << MS_SECTOR_SHIFT));
}

/* Return: 0 when the volume may be made that large, else an exit status; reported. */
static int check(const struct online *o, const struct devices *d, u64 sectors)
{
	char a[OUT_TEXT], b[OUT_TEXT];

	if (sectors < o->st.sectors)
		return cli_error(CLI_FAILED, o->vol.name, "cannot be made smaller: it has %s, not %s",
				 out_bytes(a, o->st.sectors << MS_SECTOR_SHIFT),
				 out_bytes(b, sectors << MS_SECTOR_SHIFT));
	if (o->vol.suspended)
		return cli_error(CLI_FAILED, o->vol.name, "is suspended: resume it first");
	if (o->st.connected && online_is_primary(&o->st))
		return cli_error(CLI_FAILED, o->vol.name,
				 "is primary and connected: grow the other site first");
	return check_room(o, d, sectors);
}

/* The kernel would not go on with the new size: with the old one, if it still has that. */
static int go_back(struct online *o, const char *params)
{
	char why[DM_TEXT];

	return online_status(o) || dm_reload(o->vol.name, o->st.sectors, params, why) ||
	       dm_resume(o->vol.name, why);
}

static int grow(struct online *o, u64 sectors, const char *params)
{
	const char *then = "";
	char why[DM_TEXT];
	int log = kmsg_open();
	int code = 0, r;

	r = dm_reload(o->vol.name, sectors, params, why);
	if (!r) {
		r = dm_resume(o->vol.name, why);
		if (r && go_back(o, params))
			then = "; it is suspended";
	}
	if (r) {
		code = cli_error(CLI_FAILED, o->vol.name, "%s (%s)%s; the kernel log has the reason%s",
				 o->st.sectors == sectors ? "has grown, but was not resumed at once" :
							    "cannot grow",
				 why, then, log < 0 ? " (dmesg)" : ":");
		if (log >= 0 && !kmsg_print(log))
			fprintf(stderr, "kernel: nothing about mirsync\n");
	}
	kmsg_close(log);
	return code;
}

static int run_open(struct online *o)
{
	char params[4096], a[OUT_TEXT], b[OUT_TEXT];
	struct devices d;
	u64 sectors, before = o->st.sectors;
	int code;

	dm_params(o->vol.name, params, sizeof(params));
	code = find_devices(o, params, &d);
	if (code)
		return code;
	sectors = size ? size >> MS_SECTOR_SHIFT : d.data;
	if (sectors == before) {
		printf("%s: has %s already\n", o->vol.name, out_bytes(a, before << MS_SECTOR_SHIFT));
		return CLI_OK;
	}
	code = check(o, &d, sectors);
	if (!code)
		code = grow(o, sectors, params);
	if (code)
		return code;
	printf("%s: grown from %s to %s\n", o->vol.name, out_bytes(a, before << MS_SECTOR_SHIFT),
	       out_bytes(b, sectors << MS_SECTOR_SHIFT));
	printf(online_is_primary(&o->st) ?
	       "%s: the sites connect when the secondary has grown as well\n" :
	       "%s: the sites do not connect before the primary has grown as well\n", o->vol.name);
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	struct online o;
	int code;

	(void)argc;
	if (size % MS_SECTOR)
		return cli_error(CLI_USAGE, "--size", "%llu: not a multiple of %u bytes",
				 (unsigned long long)size, MS_SECTOR);
	code = online_open(&o, argv[0]);
	if (!code)
		code = run_open(&o);
	online_close(&o);
	return code;
}

const struct cli_command cmd_grow = {
	.name = "grow",
	.operands = "VOL",
	.summary = "Make a volume as large as its data device, online: first the secondary, then the primary",
	.options = options,
	.min = 1,
	.max = 1,
	.run = run,
};
