// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and sums of what is counted; see watch.h. Locking there.
 */
#include <linux/errno.h>

#include "engine/watch.h"

int ms_watch_init(struct ms_watch *w)
{
	w->reads = alloc_percpu(struct ms_reads);
	return w->reads ? 0 : -ENOMEM;
}

void ms_watch_exit(struct ms_watch *w)
{
	free_percpu(w->reads);
}

void ms_watch_reads(const struct ms_watch *w, struct ms_reads *sum)
{
	const struct ms_reads *r;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		r = per_cpu_ptr(w->reads, cpu);
		sum->ios += READ_ONCE(r->ios);
		sum->sectors += READ_ONCE(r->sectors);
	}
}

enum ms_cut ms_watch_cut(int reason)
{
	switch (reason) {
	case -ESHUTDOWN:
		return MS_CUT_COMMAND;
	case -EAGAIN:
		return MS_CUT_AGAIN;
	case -ETIMEDOUT:
		return MS_CUT_SILENT;
	case -ETIME:
		return MS_CUT_UNCONFIRMED;
	case -ENOBUFS:
		return MS_CUT_QUEUE;
	case -ECONNRESET:
	case -ECONNABORTED:
	case -EPIPE:
		return MS_CUT_CLOSED;
	case -ESTALE:
		return MS_CUT_REPLACED;
	case -EPROTO:
	case -EBADMSG:
	case -ERANGE:
		return MS_CUT_PROTOCOL;
	case -EIO:
	case -EREMOTEIO:
	case -EUCLEAN:
	case -EILSEQ:
		return MS_CUT_DISK;
	default:
		return MS_CUT_OTHER;
	}
}

const char *ms_watch_cut_name(enum ms_cut cut)
{
	static const char * const names[MS_CUTS] = {
		[MS_CUT_COMMAND] = "command",
		[MS_CUT_AGAIN] = "again",
		[MS_CUT_SILENT] = "silent",
		[MS_CUT_UNCONFIRMED] = "unconfirmed",
		[MS_CUT_QUEUE] = "queue",
		[MS_CUT_CLOSED] = "closed",
		[MS_CUT_REPLACED] = "replaced",
		[MS_CUT_PROTOCOL] = "protocol",
		[MS_CUT_DISK] = "disk",
		[MS_CUT_OTHER] = "other",
	};

	return names[cut];
}

const char *ms_watch_stage_name(enum ms_stage stage)
{
	static const char * const names[MS_STAGES] = {
		[MS_STAGE_WAIT] = "wait",
		[MS_STAGE_LOCAL] = "local",
		[MS_STAGE_PEER] = "peer",
		[MS_STAGE_TOTAL] = "total",
		[MS_STAGE_FLUSH] = "flush",
	};

	return names[stage];
}
