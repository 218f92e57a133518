// SPDX-License-Identifier: GPL-2.0-only
/*
 * All codes of a site made anew from its disk, by command: an operator does not trust them, as
 * somebody may have written to the data device. No code is valid from the superblock change on,
 * and the generator makes them, in the background; a crash or cut later finds what it has not made
 * yet without a code. Marks and candidates stay as they are: codes that are true are all that is
 * wanted, and what differs by them is for a comparison, whose direction a command names.
 *
 * Application I/O goes on: a write in flight does not get its code then, but the generator's.
 * During a resync it would be harmless too, but what was found equal by the old codes would stay
 * so; therefore not then, nor while a failback is being judged.
 *
 * Locking: v->control at the site where the command is given. The peer's question is one of its
 * inbox, as is that for a failback.
 */
#include <linux/slab.h>

#include "engine/codes.h"
#include "engine/regenerate.h"

static const char *__why_not(struct ms_volume *v)
{
	if (v->meta_failed)
		return "the metadata of this site cannot be written";
	if (v->sb.flags & MS_SB_NEVER_MET)
		return "this site has not met its peer yet, and makes its codes after that";
	if (v->own != MS_OWN_USED)
		return "the data device of this site has failed and is not used";
	if (v->copying || v->target_copying)
		return "a resync runs, and makes the codes that it needs";
	if (v->failback || v->failback_agreed)
		return "a failback has been begun";
	return NULL;
}

static int make_anew(struct ms_volume *v, const char **why)
{
	int r;

	spin_lock(&v->lock);
	*why = __why_not(v);
	spin_unlock(&v->lock);
	if (*why)
		return -EPERM;
	r = ms_codes_anew(v);
	if (r)
		*why = "it cannot be recorded on the metadata device";
	return r;
}

static int regenerate_here(struct ms_volume *v, char *text, size_t size)
{
	const char *why;
	int r = make_anew(v, &why);

	if (!r)
		return 0;
	strscpy(text, why, size);
	return ms_refuse_command(v, r, why);
}

static int regenerate_there(struct ms_volume *v, char *text, size_t size)
{
	struct ms_result *res = kzalloc(sizeof(*res), GFP_NOIO);	/* a stop waits for v->control */
	int r;

	if (!res)
		return -ENOMEM;
	r = ms_request(v, MS_F_REGENERATE, NULL, 0, MS_F_RESULT, res, sizeof(*res), NULL);
	if (!r && res->status) {
		ms_result_text(res, text, size);
		r = -EPERM;
	} else if (r) {
		strscpy(text, r == -ENOTCONN ? "not connected" : "the peer did not answer", size);
	}
	kfree(res);
	return r ? ms_refuse_command(v, r, text) : 0;
}

int ms_cmd_regenerate(struct ms_volume *v, u32 site, char *why, size_t size)
{
	int r = -ENODEV;

	if (mutex_lock_interruptible(&v->control))	/* who has it may wait for the peer */
		return -EINTR;
	if (v->running)
		r = site == MS_SITE_PEER ? regenerate_there(v, why, size) :
					   regenerate_here(v, why, size);
	mutex_unlock(&v->control);
	return r;
}

void ms_regenerate_asked(struct ms_inbound *in)
{
	const char *why;
	int r = make_anew(in->v, &why);

	ms_inbound_result(in, r, why);
}
