// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events; see event.h. Changes that come while the worker is on its way are
 * told as one; who is told looks at the state of now.
 */
#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/sched/mm.h>

#include "engine/event.h"
#include "engine/status.h"
#include "engine/trace.h"

static struct device *control;

void ms_event_device(struct device *dev)
{
	control = dev;
}

static void describe(struct ms_volume *v, struct ms_told *t)
{
	struct ms_ioc_status st;

	ms_volume_status(v, &st);
	memset(t, 0, sizeof(*t));
	t->role = ms_role_name(st.role);
	t->claim = ms_claim_name(st.claim);
	t->link = ms_link_word(&st);
	t->disk = ms_disk_name(st.disk);
	t->sync = ms_sync_word(&st);
	t->meeting = ms_meeting_name(st.meeting);
	t->metadata = ms_metadata_word(&st);
	t->frozen = st.frozen ? "1" : "0";
	t->hung = st.hung ? "1" : "0";
	t->detached = st.detached ? "1" : "0";
	t->preparing = ms_prepare_name(st.preparing);
}

/* Return: false when there was no memory for it. */
static bool send_uevent(struct ms_volume *v, const struct ms_told *t)
{
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);
	char name[DM_NAME_LEN];
	int r;

	if (!env)
		return false;
	if (dm_copy_name_and_uuid(v->md, name, NULL))
		strscpy(name, v->name, sizeof(name));
	r = add_uevent_var(env, "MIRSYNC_EVENT=1");
	r = r ?: add_uevent_var(env, "MIRSYNC_NAME=%s", name);
	r = r ?: add_uevent_var(env, "MIRSYNC_DEVICE=%s", dm_disk(v->md)->disk_name);
	r = r ?: add_uevent_var(env, "MIRSYNC_ROLE=%s", t->role);
	r = r ?: add_uevent_var(env, "MIRSYNC_CLAIM=%s", t->claim);
	r = r ?: add_uevent_var(env, "MIRSYNC_LINK=%s", t->link);
	r = r ?: add_uevent_var(env, "MIRSYNC_DISK=%s", t->disk);
	r = r ?: add_uevent_var(env, "MIRSYNC_SYNC=%s", t->sync);
	r = r ?: add_uevent_var(env, "MIRSYNC_MEETING=%s", t->meeting);
	r = r ?: add_uevent_var(env, "MIRSYNC_METADATA=%s", t->metadata);
	r = r ?: add_uevent_var(env, "MIRSYNC_FROZEN=%s", t->frozen);
	r = r ?: add_uevent_var(env, "MIRSYNC_HUNG=%s", t->hung);
	r = r ?: add_uevent_var(env, "MIRSYNC_DETACHED=%s", t->detached);
	r = r ?: add_uevent_var(env, "MIRSYNC_PREPARING=%s", t->preparing);
	if (!r)
		r = kobject_uevent_env(&control->kobj, KOBJ_CHANGE, env->envp);
	kfree(env);
	return r != -ENOMEM;
}

/* What could not be told is tried again, with the state of then. */
static void tell(struct ms_volume *v, const struct ms_told *now)
{
	if (!memcmp(now, &v->told, sizeof(*now)))
		return;
	trace_mirsync_state(v, now);
	if (send_uevent(v, now))
		v->told = *now;
	else
		schedule_delayed_work(&v->event_work, HZ);
}

static void event_work(struct work_struct *work)
{
	struct ms_volume *v = container_of(to_delayed_work(work), struct ms_volume, event_work);
	unsigned int noio = memalloc_noio_save();	/* resume waits for the lock */
	struct ms_told now;

	mutex_lock(&v->event_lock);
	if (v->ti) {
		dm_table_event(v->ti->table);
		describe(v, &now);
		tell(v, &now);
	}
	mutex_unlock(&v->event_lock);
	memalloc_noio_restore(noio);
}

void ms_volume_event(struct ms_volume *v)
{
	mod_delayed_work(system_wq, &v->event_work, 0);
}

void ms_volume_attach(struct ms_volume *v, struct dm_target *ti)
{
	mutex_lock(&v->event_lock);
	v->ti = ti;
	mutex_unlock(&v->event_lock);
}

void ms_event_init(struct ms_volume *v)
{
	mutex_init(&v->event_lock);
	INIT_DELAYED_WORK(&v->event_work, event_work);
}
