/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the application wrote, what was acknowledged to it, and so what may and may
 * not be read from a disk. Times are numbers of events of the tape.
 */
#ifndef CRASH_LEDGER_H
#define CRASH_LEDGER_H

#include "tape.h"

#define NEVER	(~0ull)

struct app_io {
	const struct tape_event *e;
	u64 begin, end;		/* end NEVER: not acknowledged yet */
	bool failed;
	bool gone;		/* failed, or a power cut came before anything made it certain */
};

/*
 * For each sector: when the last write began that has to be there. Whatever was
 * acknowledged before that is overwritten for good.
 */
struct ledger {
	u64 sectors;
	struct app_io *io;	/* by id; 0 is not used */
	u32 nr, room;
	u64 *kept;		/* ... as far as flushes were acknowledged */
	u64 *written;		/* ... as far as writes were */
	u64 *zeroed;		/* end of the latest zeroing of the sector that has begun; 0: none */
	u64 flushed;		/* begin of the latest flush acknowledged */
	u32 nr_open, open_room;
	u32 *open;		/* acknowledged writes that no flush has covered yet */
	u64 flushes;
};

/* The power was cut, and has come back: what was not certain then will not become so. */
void ledger_power(struct ledger *l);

void ledger_init(struct ledger *l, u64 sectors);
/* Take an event of the application at time @now. */
void ledger_event(struct ledger *l, const struct tape_event *e, u64 now);

/*
 * ledger_check() - may a disk look like this
 * @floor: l->kept, l->written, or one made by ledger_history()
 * @filled: which write filled each sector
 *
 * Return: the first sector that lost what had to be kept, or NEVER.
 */
u64 ledger_check(const struct ledger *l, const u64 *floor, const u32 *filled);

/*
 * ledger_history() - the floor at the time at which the youngest write of @filled began
 * @flushed: only what was flushed by then; else all that was acknowledged
 * @floor: room for a number for each sector
 */
void ledger_history(const struct ledger *l, const u32 *filled, bool flushed, u64 *floor);

/* Is there a write of the sectors that has begun and is not acknowledged, or has failed? */
bool ledger_in_flight(const struct ledger *l, u64 sector, u64 n);

#endif
