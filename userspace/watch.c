// SPDX-License-Identifier: GPL-2.0-only
/*
 * The display of a copy; see watch.h. No state.
 */
#include <string.h>

#include "cli.h"
#include "interrupt.h"
#include "progress.h"
#include "watch.h"

#define WATCH_MS	200u	/* between two looks, at most */
#define LIMBO_MS	10000u	/* neither copying nor in sync, and nothing has failed */

struct watch {
	bool copied;		/* a copy was seen, so that an error is one of its own */
	u64 limbo;		/* ms: since when; 0: not in it */
};

static int failed(const struct online *o)
{
	return cli_error(CLI_FAILED, o->vol.name,
			 "the copy has stopped: %s; what is left is marked, and copied when the sites meet again",
			 strerror(o->st.last_error));
}

static int lost(const struct online *o)
{
	return cli_error(CLI_FAILED, o->vol.name, "%s", o->st.connected ?
			 "the copy has ended and the sites are not in sync (see mirsync status)" :
			 "not connected; the copy goes on when the sites meet again");
}

/* Return: 0 when the sites are in sync, -EAGAIN to look again, or an exit status. */
static int outcome(const struct online *o, struct watch *w)
{
	const struct ms_ioc_status *st = &o->st;
	bool over;

	if (st->in_sync && !st->copying)
		return 0;
	if (st->copying) {
		w->copied = true;
		w->limbo = 0;
		return -EAGAIN;
	}
	if (!w->limbo)
		w->limbo = online_now();
	over = online_now() - w->limbo > LIMBO_MS;
	if (st->last_error && (w->copied || over))
		return failed(o);
	return over ? lost(o) : -EAGAIN;
}

int watch_copy(struct online *o, bool quiet)
{
	struct watch w = { };
	struct progress p;
	u32 pause = 0;
	int code;

	interrupt_catch();
	progress_begin(&p, "copying", quiet);
	for (;;) {
		code = online_status(o);
		if (!code)
			code = outcome(o, &w);
		if (code != -EAGAIN)
			break;
		if (interrupted()) {
			code = cli_error(CLI_FAILED, o->vol.name, "no longer watched; the copy goes on in the kernel");
			break;
		}
		progress_show(&p, o->st.rs_extents_done, o->st.rs_extents_total, o->st.rs_copied_bytes,
			      o->st.connected ? "" : ", not connected");
		pause = online_pause_longer(pause, WATCH_MS);
	}
	progress_end(&p);
	return code;
}
