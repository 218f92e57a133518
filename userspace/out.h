/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is printed: numbers, sizes and times for people, JSON for programs,
 * colours on terminals. No state but whether colours are wanted.
 */
#ifndef MS_CLI_OUT_H
#define MS_CLI_OUT_H

#include <json.h>

#include "shared/codec.h"

#define OUT_TEXT	32	/* bytes that hold any of the texts made below */

/* "1.5 GiB"; @buf of OUT_TEXT bytes is returned, here and below. */
char *out_bytes(char *buf, u64 bytes);
/* "1,234,567" */
char *out_count(char *buf, u64 n);
/* "12 %", "99.9 %"; 100 % only when all of it */
char *out_percent(char *buf, u64 part, u64 whole);
/* "[######                  ]": a bar, for a terminal */
char *out_bar(char *buf, u64 part, u64 whole);
/* "1:02:03" or "4.2 s" */
char *out_duration(char *buf, u64 ms);
/* 32 hexadecimal digits of an id; @buf of 2 * MS_UUID + 1 bytes */
char *out_uuid(char *buf, const u8 *id);
/* "clean failback", or "none": MS_SB_* flags; @buf of OUT_FLAGS bytes */
#define OUT_FLAGS	128
char *out_flags(char *buf, u32 flags);

enum out_colour {
	OUT_GREEN,
	OUT_YELLOW,
	OUT_RED,
};

/* Escape sequences around a word on standard output; empty when it is no terminal. */
const char *out_colour(enum out_colour c);
const char *out_plain(void);

void json_put_u64(struct json_object *o, const char *key, u64 v);
void json_put_bool(struct json_object *o, const char *key, bool v);
void json_put_text(struct json_object *o, const char *key, const char *v);
/* 64-bit ids are strings of 16 hexadecimal digits: JavaScript has no such numbers. */
void json_put_hex(struct json_object *o, const char *key, u64 v);
void json_put_uuid(struct json_object *o, const char *key, const u8 *id);
/* MS_SB_* flags as an array of their names. */
void json_put_flags(struct json_object *o, const char *key, u32 flags);

/* Print @o and a newline on standard output, and free it. */
void json_print(struct json_object *o);

#endif
