/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tape: what happened at four disks and in the application above them, in one
 * order. A file that several processes have mapped and append to without a lock:
 * the disks (disks.c) write down each request when it has reached the disk and each
 * answer before it leaves; the load (load.c) each of its writes and flushes
 * before it begins and after it has ended. replay.c reads it. Only for the machine
 * that made it or one like it: native byte order.
 */
#ifndef CRASH_TAPE_H
#define CRASH_TAPE_H

#include <stdbool.h>

#include "shared/env.h"

#define TAPE_MAGIC	0x65706174646d6d31ull
#define TAPE_HEAD	4096u
#define TAPE_DISKS	4

/* Disks: those of site s are 2 * s and 2 * s + 1. */
enum { DISK_DATA = 0, DISK_META = 1 };

enum tape_kind {
	TAPE_NONE = 0,		/* being written */
	/* requests at disk `disk`, by `id` */
	TAPE_WRITE,		/* payload: the bytes */
	TAPE_ZERO,
	TAPE_FLUSH,
	TAPE_DONE,		/* ... of any of these: answered */
	TAPE_POWER,		/* the power has come back; payload: what is on the disk */
	/* the application, by `id` */
	TAPE_APP_WRITE,		/* each sector is filled by tape_fill() of its id */
	TAPE_APP_ZERO,
	TAPE_APP_FLUSH,
	TAPE_APP_DONE,
	TAPE_APP_FAILED,
	TAPE_MARK,		/* payload: text */
};

#define TAPE_FUA	1u

struct tape_event {
	u32 kind;		/* set last */
	u32 disk;
	u64 id;
	u64 sector;
	u32 nsectors;
	u32 flags;
	u32 bytes;		/* of payload, which follows; the next event begins at a multiple of 8 */
	u32 reserved;
};

struct tape_head {
	u64 magic;
	u64 next;		/* where the next event goes */
	u64 size;
	u64 full;		/* an event did not fit */
	u64 requests, ios;	/* ids used by the disks, by the application */
	u64 sectors[TAPE_DISKS];
};

struct tape {
	struct tape_head *head;
};

/* Make (@size bytes) or open (@size 0) a tape, or open one to go on with it (@size more than it has); exits with a message when it cannot. */
void tape_open(struct tape *t, const char *path, u64 size);
/* Append an event, with @payload unless NULL. Any process, any thread. */
void tape_put(struct tape *t, const struct tape_event *event, const void *payload);

/* Walk: the event at *@at, which moves on; NULL at the end. */
const struct tape_event *tape_next(const struct tape *t, u64 *at);

static inline const void *tape_payload(const struct tape_event *e)
{
	return e + 1;
}

/* The contents of sector @sector as application write @id makes it. */
void tape_fill(void *buf, u32 id, u64 sector);
/* Which write filled this sector? 0: zeroes; ~0: none that there is. */
u32 tape_filled_by(const void *buf, u64 sector);

/* A generator of repeatable numbers. */
static inline u64 draw(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline u64 below(u64 *state, u64 n)
{
	return draw(state) % n;
}

#endif
