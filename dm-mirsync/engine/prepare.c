// SPDX-License-Identifier: GPL-2.0-only
/*
 * The word before this site becomes a target; see prepare.h. What a crash leaves: this site's
 * data as it was. Nothing of it changes before GO, which is refused before the word has come. A source
 * that keeps to the protocol waits for the end of the marks, or the answer to its PREPARE, and these are
 * held back here.
 *
 * Locking: v->lock. What goes on is queued under it, so that the end of the session waits for it.
 */
#include "engine/prepare.h"

#define NO_WORD		"the program that is to run at the target has not said go in time"
#define REFUSED		"the program that ran at the target has refused"

/* Is there anything to be told? What is not whole is nothing to take a snapshot of. */
static bool __needed(const struct ms_volume *v)
{
	return v->connected && v->opt.before_target && v->sb.disk != MS_DISK_INCONSISTENT;
}

bool __ms_prepared(const struct ms_volume *v)
{
	lockdep_assert_held(&v->lock);
	return v->prepared || !__needed(v);
}

/* Return: false when it may begin at once: then for the whole of the session, but for a failback. */
static bool __ask(struct ms_volume *v)
{
	v->prepared = !__needed(v);
	if (v->prepared)
		return false;
	v->question++;
	v->preparing = MS_PREPARING;
	return true;
}

static void told(struct ms_volume *v)
{
	if (ms_may_talk(v))
		ms_info(v, "about to become the target of a copy: waiting for go");
	ms_volume_event(v);
}

bool ms_prepare_marks(struct ms_volume *v)
{
	bool ask;

	spin_lock(&v->lock);
	ask = v->decision.meeting == MS_MEET_TARGET && !v->prepared && __ask(v);
	if (ask)
		v->marks_held = true;
	spin_unlock(&v->lock);
	if (ask)
		told(v);
	return !ask;
}

void ms_prepare_asked(struct ms_inbound *in)
{
	struct ms_volume *v = in->v;
	const char *why = NULL;
	bool ask = false;

	spin_lock(&v->lock);
	if (v->session != in->session || !v->failback_agreed)
		why = "no failback was begun";
	else if (v->prepare_in)
		why = "this was asked already";
	else
		ask = __ask(v);
	if (ask) {
		ms_inbound_get(in);
		v->prepare_in = in;
		v->prepare_until = jiffies + msecs_to_jiffies(v->opt.before_target);
		mod_delayed_work(v->peer_wq, &v->prepare_work, v->prepare_until - jiffies);
	}
	spin_unlock(&v->lock);
	if (!ask)
		return ms_inbound_result(in, why ? -EPERM : 0, why);
	told(v);
}

/* The failback's question gets its answer. @in may be NULL. */
static void answer(struct ms_inbound *in, const char *why)
{
	if (!in)
		return;
	ms_inbound_result(in, why ? -EPERM : 0, why);
	ms_inbound_put(in);
}

static struct ms_inbound *__take_question(struct ms_volume *v)
{
	struct ms_inbound *in = v->prepare_in;

	v->prepare_in = NULL;
	return in;
}

/* Who commanded the failback does not wait for ever. A resync does: nobody waits for that. */
static void prepare_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, prepare_work);
	struct ms_inbound *in = NULL;

	spin_lock(&v->lock);
	if (!time_before(jiffies, v->prepare_until))
		in = __take_question(v);
	if (in && !v->marks_held)
		v->preparing = MS_PREPARE_NONE;
	spin_unlock(&v->lock);
	answer(in, NO_WORD);
	ms_volume_event(v);
}

/*
 * What was held back goes on, or not. A refused resync stays where it is, since asking again with
 * each new session would only run the program again: a later go lets it begin.
 */
static bool __end(struct ms_volume *v, bool go, u64 question)
{
	if (question && question != v->question)
		return false;
	if (v->preparing != MS_PREPARING && !(go && v->preparing == MS_PREPARE_REFUSED))
		return false;
	v->prepared = go;
	v->preparing = v->marks_held && !go ? MS_PREPARE_REFUSED : MS_PREPARE_NONE;
	if (v->marks_held && go) {
		v->marks_held = false;
		queue_work(v->peer_wq, &v->marks_work);
	}
	return true;
}

int ms_cmd_prepared(struct ms_volume *v, bool go, u64 question)
{
	struct ms_inbound *in = NULL;
	bool ended, agreed;

	spin_lock(&v->lock);
	ended = __end(v, go, question);
	agreed = v->failback_agreed;
	if (ended)
		in = __take_question(v);
	spin_unlock(&v->lock);
	if (!ended)
		return ms_refuse_command(v, -EINVAL, "nothing waits for this word: this site is not about to be copied to");
	if (ms_may_talk(v))
		ms_info(v, "%s", go ? "ready to be copied to" : "not to be copied to: refused");
	answer(in, !go ? REFUSED : !agreed ? "the target does not agree any more" : NULL);
	ms_volume_event(v);
	return 0;
}

void ms_prepare_down(struct ms_volume *v)
{
	struct ms_inbound *in;

	spin_lock(&v->lock);
	in = __take_question(v);
	v->preparing = MS_PREPARE_NONE;
	v->prepared = false;
	v->marks_held = false;
	spin_unlock(&v->lock);
	if (in)
		ms_inbound_put(in);
	cancel_delayed_work_sync(&v->prepare_work);
}

void ms_prepare_init(struct ms_volume *v)
{
	INIT_DELAYED_WORK(&v->prepare_work, prepare_work);
}
