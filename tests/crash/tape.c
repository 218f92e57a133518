// SPDX-License-Identifier: GPL-2.0-only
/*
 * Appending to and walking along the tape; see tape.h. Places are given out by an
 * atomic addition; an event counts when its kind is there.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tape.h"

void tape_open(struct tape *t, const char *path, u64 size)
{
	int fd = open(path, size ? O_RDWR | O_CREAT : O_RDWR, 0644);
	struct stat st;
	bool fresh;
	void *map;

	if (fd < 0 || fstat(fd, &st) || (size && ftruncate(fd, size)))
		err(2, "%s", path);
	fresh = size && !st.st_size;
	size = size ? size : (u64)st.st_size;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || size < TAPE_HEAD)
		err(2, "%s", path);
	close(fd);
	t->head = map;
	t->head->size = size;
	if (fresh) {
		t->head->next = TAPE_HEAD;
		t->head->magic = TAPE_MAGIC;
	}
	if (t->head->magic != TAPE_MAGIC)
		errx(2, "%s is no tape", path);
}

static u64 room(u32 bytes)
{
	return sizeof(struct tape_event) + ((u64)bytes + 7) / 8 * 8;
}

void tape_put(struct tape *t, const struct tape_event *event, const void *payload)
{
	u32 bytes = payload ? event->bytes : 0;
	u64 at = __atomic_fetch_add(&t->head->next, room(bytes), __ATOMIC_SEQ_CST);
	struct tape_event *e = (void *)((u8 *)t->head + at);

	if (at + room(bytes) > t->head->size) {
		t->head->full = 1;
		return;
	}
	*e = *event;
	e->kind = TAPE_NONE;
	e->bytes = bytes;
	if (bytes)
		memcpy(e + 1, payload, bytes);
	__atomic_store_n(&e->kind, event->kind, __ATOMIC_RELEASE);
}

const struct tape_event *tape_next(const struct tape *t, u64 *at)
{
	const struct tape_event *e = (const void *)((const u8 *)t->head + *at);

	if (*at + sizeof(*e) > t->head->next)
		return NULL;
	if (e->kind == TAPE_NONE)
		errx(2, "an event of the tape at %llu was never finished", (unsigned long long)*at);
	*at += room(e->bytes);
	return e;
}

void tape_fill(void *buf, u32 id, u64 sector)
{
	u64 *p = buf, seed = (u64)id << 32 ^ sector;
	u64 x = draw(&seed);
	u32 i;

	p[0] = (u64)id << 32 | (u32)sector;
	for (i = 1; i < MS_SECTOR / 8; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		p[i] = x ^ x >> 29;
	}
}

u32 tape_filled_by(const void *buf, u64 sector)
{
	u64 want[MS_SECTOR / 8] = { 0 };
	u32 id;

	if (!memcmp(buf, want, sizeof(want)))
		return 0;
	id = *(const u64 *)buf >> 32;
	tape_fill(want, id, sector);
	return id && !memcmp(buf, want, sizeof(want)) ? id : ~0u;
}
