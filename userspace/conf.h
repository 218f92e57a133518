/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration file of one volume, DIR/VOL.conf: lines of "key = value",
 * the keys declared as data in conf.c and described in mirsync.conf(5). Made
 * into the parameters of the device-mapper table line.
 */
#ifndef MS_CLI_CONF_H
#define MS_CLI_CONF_H

#include "shared/options.h"

#define CONF_NAME	128	/* bytes of a volume's name, with the NUL */
#define CONF_VALUE	512

struct conf {
	char name[CONF_NAME];	/* of the volume */
	char path[4096];
	/* values, empty: not given */
	char data[CONF_VALUE];
	char meta[CONF_VALUE];
	char role[CONF_VALUE];
	char local[CONF_VALUE];
	char peer[CONF_VALUE];
	char auth[CONF_VALUE];
	char option[CONF_VALUE];	/* further words for the kernel */
	struct ms_options opt;	/* those of ms_option_table */
	u64 given;		/* ... that have a line, bit by row */
};

/* conf_dir() - --config-dir, else $MIRSYNC_CONFDIR, else /etc/mirsync */
const char *conf_dir(void);
bool conf_dir_exists(void);

/* Is @name one that a volume may have? */
bool conf_name_good(const char *name);

/*
 * conf_load() - read and check the file of volume @name
 * Return: 0, or an exit status; reported.
 */
int conf_load(struct conf *c, const char *name);

/*
 * conf_params() - the parameters behind "mirsync" of the table line
 * @buf: room for @size bytes
 * Return: 0, or an exit status when they do not fit; reported.
 */
int conf_params(const struct conf *c, char *buf, size_t size);

/*
 * conf_each() - call @fn with the name of each volume that has a file, sorted
 * Return: the worst status that @fn returned; CLI_FAILED when the directory
 * cannot be read (reported).
 */
int conf_each(int (*fn)(const char *name, void *arg), void *arg);

#endif
