/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every field of the kernel's status, the words for them, and the table line, as
 * one JSON object: what `mirsync status --json` and `mirsync events --json` print.
 */
#ifndef MS_CLI_STATUS_JSON_H
#define MS_CLI_STATUS_JSON_H

#include <json.h>

#include "online.h"

/* The status that @o read last. Return: an object of the caller's. */
struct json_object *status_json(const struct online *o);

#endif
