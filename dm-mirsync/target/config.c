// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table line; see config.h. One function per argument, each with one
 * clear text in ti->error.
 */
#include <keys/user-type.h>
#include <linux/inet.h>
#include <linux/key.h>
#include <linux/nsproxy.h>

#include "target/config.h"

#define MS_OPTION_WORDS	64	/* of a line, at most: each option twice is too many already */

static int bad(struct dm_target *ti, const char *text)
{
	ti->error = (char *)text;
	return -EINVAL;
}

static int parse_role(struct ms_config *c, struct dm_target *ti, const char *arg)
{
	if (!strcmp(arg, "primary"))
		c->role = MS_ROLE_PRIMARY;
	else if (!strcmp(arg, "secondary"))
		c->role = MS_ROLE_SECONDARY;
	else
		return bad(ti, "role must be primary or secondary");
	return 0;
}

static int parse_devices(struct ms_config *c, struct dm_target *ti, char **argv)
{
	int r;

	r = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &c->data);
	if (r) {
		ti->error = "data device cannot be opened";
		return r;
	}
	r = dm_get_device(ti, argv[1], dm_table_get_mode(ti->table), &c->meta);
	if (r) {
		ti->error = "metadata device cannot be opened";
		return r;
	}
	if (c->data->bdev->bd_dev == c->meta->bdev->bd_dev)
		return bad(ti, "data device and metadata device are the same");
	if (bdev_nr_sectors(c->data->bdev) < ti->len)
		return bad(ti, "data device is smaller than the volume");
	return 0;
}

/* "1.2.3.4:7788" or "[fe80::1]:7788" */
static int parse_address(const char *arg, char *text, struct sockaddr_storage *addr)
{
	char host[MS_ADDR_TEXT], *h = host, *port;

	if (strscpy(text, arg, MS_ADDR_TEXT) < 0)
		return -EINVAL;
	strscpy(host, arg, sizeof(host));
	port = strrchr(host, ':');
	if (!port || !port[1])
		return -EINVAL;
	*port++ = 0;
	if (*h == '[') {
		char *end = strchr(++h, ']');

		if (!end || end[1])
			return -EINVAL;
		*end = 0;
	} else if (strchr(h, ':')) {
		return -EINVAL;		/* IPv6 wants brackets */
	}
	return inet_pton_with_scope(current->nsproxy->net_ns, AF_UNSPEC, h, port, addr);
}

/* ":SIZE:TYPE:DESCRIPTION", as dm-crypt writes it */
static int fetch_key(struct ms_config *c, struct dm_target *ti, const char *arg)
{
	const struct user_key_payload *p;
	struct key_type *type;
	char *text, *size, *name;
	unsigned int len;
	struct key *key;
	int r = 0;

	if (strscpy(c->key_text, arg, sizeof(c->key_text)) < 0 || arg[0] != ':')
		return bad(ti, "key must be :SIZE:logon|user:DESCRIPTION");
	text = kstrdup(arg + 1, GFP_KERNEL);
	if (!text) {
		ti->error = "not enough memory";
		return -ENOMEM;
	}
	arg = text;
	size = strsep(&text, ":");
	name = strsep(&text, ":");
	if (!text || !*text || kstrtouint(size, 10, &len) || !name)
		r = bad(ti, "key must be :SIZE:logon|user:DESCRIPTION");
	else if (len < 16 || len > MS_KEY_MAX)
		r = bad(ti, "key size must be 16 to 128 bytes");
	else if (strcmp(name, "logon") && strcmp(name, "user"))
		r = bad(ti, "key type must be logon or user");
	if (r)
		goto out;
	type = strcmp(name, "logon") ? &key_type_user : &key_type_logon;
	key = request_key(type, text, NULL);
	if (IS_ERR(key)) {
		r = bad(ti, "key is not in the kernel keyring");
		goto out;
	}
	down_read(&key->sem);
	p = user_key_payload_locked(key);
	if (!p || p->datalen != len)
		r = bad(ti, "key in the keyring has another size");
	else
		memcpy(c->key, p->data, len);
	c->key_len = len;
	up_read(&key->sem);
	key_put(key);
out:
	kfree(arg);
	return r;
}

/* One option of the line, with its value behind it. */
static int parse_option(struct ms_config *c, struct dm_target *ti, const char *name,
			const char *value)
{
	const struct ms_option *row;

	if (value && !strcasecmp(name, "key"))
		return fetch_key(c, ti, value);
	row = ms_option_find(name);
	if (!row || !value)
		return bad(ti, "unknown option, or an option without its value");
	return ms_option_set(&c->opt, row, value) ? bad(ti, row->error) : 0;
}

static int parse_options(struct ms_config *c, struct dm_target *ti, struct dm_arg_set *as)
{
	static const struct dm_arg counts[] = {
		{ 0, MS_OPTION_WORDS, "number of options is wrong" },
	};
	unsigned int n;
	int r;

	ms_options_init(&c->opt);
	if (!as->argc)
		return bad(ti, "option noauth or key is required");
	r = dm_read_arg_group(counts, as, &n, &ti->error);
	if (r)
		return r;
	if (as->argc > n)
		return bad(ti, "more options than their number says");
	while (as->argc) {
		const char *name = dm_shift_arg(as);

		if (!strcasecmp(name, "noauth")) {
			c->noauth = true;
			continue;
		}
		r = parse_option(c, ti, name, dm_shift_arg(as));
		if (r)
			return r;
	}
	if (c->noauth == (c->key_len > 0))
		return bad(ti, "exactly one of the options noauth and key is required");
	return 0;
}

int ms_config_parse(struct ms_config *c, struct dm_target *ti, unsigned int argc, char **argv)
{
	struct dm_arg_set as = { .argc = argc, .argv = argv };
	int r;

	if (argc < 5)
		return bad(ti, "too few arguments: ROLE DATA META LOCAL PEER [N OPT...]");
	if (ti->begin)
		return bad(ti, "the volume must begin at sector 0");
	r = parse_role(c, ti, argv[0]);
	if (r)
		return r;
	if (parse_address(argv[3], c->local_text, &c->local))
		return bad(ti, "local address must be IP:PORT or [IPv6]:PORT");
	if (parse_address(argv[4], c->peer_text, &c->peer))
		return bad(ti, "peer address must be IP:PORT or [IPv6]:PORT");
	if (c->local.ss_family != c->peer.ss_family)
		return bad(ti, "local and peer address are of different families");
	dm_consume_args(&as, 5);
	r = parse_options(c, ti, &as);
	return r ?: parse_devices(c, ti, argv + 1);
}

void ms_config_release(struct ms_config *c, struct dm_target *ti)
{
	if (c->meta)
		dm_put_device(ti, c->meta);
	if (c->data)
		dm_put_device(ti, c->data);
	memzero_explicit(c->key, sizeof(c->key));
}

/* Those that are not at their default: "NAME VALUE" each. */
static unsigned int print_options(const struct ms_options *opt, char *result, unsigned int maxlen,
				  unsigned int *words)
{
	char text[MS_OPTION_TEXT];
	const struct ms_option *row;
	unsigned int sz = 0;

	for (row = ms_option_table; row->name; row++) {
		if (ms_option_get(opt, row) == row->initial)
			continue;
		ms_option_print(opt, row, text);
		DMEMIT(" %s %s", row->name, text);
		*words += 2;
	}
	return sz;
}

unsigned int ms_config_print(const struct ms_config *c, enum ms_role role,
			     const struct ms_options *opt, char *result, unsigned int maxlen)
{
	unsigned int sz = 0, n = c->noauth ? 1 : 2;

	print_options(opt, result, 0, &n);
	DMEMIT("%s %s %s %s %s %u", role == MS_ROLE_PRIMARY ? "primary" : "secondary",
	       c->data->name, c->meta->name, c->local_text, c->peer_text, n);
	if (c->noauth)
		DMEMIT(" noauth");
	else
		DMEMIT(" key %s", c->key_text);
	if (sz < maxlen)
		sz += print_options(opt, result + sz, maxlen - sz, &n);
	return sz;
}
