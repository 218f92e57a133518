// SPDX-License-Identifier: GPL-2.0-only
/*
 * All volumes of this kernel; see registry.h. Locking: one mutex around the
 * list and the counts; creation happens inside it, so that two tables cannot
 * take the same device at the same time.
 */
#include <linux/blkdev.h>

#include "engine/failback.h"
#include "engine/grow.h"
#include "target/registry.h"

static DEFINE_MUTEX(lock);
static LIST_HEAD(volumes);
static DECLARE_WAIT_QUEUE_HEAD(idle);

static bool uses(const struct ms_registry_entry *e, dev_t dev)
{
	return e->data == dev || e->meta == dev;
}

static int check_shared(struct ms_volume *v, const struct ms_volume_config *cfg,
			const char **why)
{
	struct ms_options now;

	if (v->used.data != cfg->data->bd_dev || v->used.meta != cfg->meta->bd_dev) {
		*why = "devices cannot be changed by a reload: remove and create";
		return -EINVAL;
	}
	if (v->used.key_crc != ms_crc32c(cfg->net.key, cfg->net.key ? cfg->net.key_len : 0)) {
		*why = "key cannot be changed by a reload: remove and create";
		return -EINVAL;
	}
	ms_volume_options(v, &now);
	if (ms_options_fixed(&now, &cfg->opt)) {
		*why = "this option cannot be changed by a reload: remove and create";
		return -EINVAL;
	}
	if (memcmp(&v->used.local, &cfg->net.local, sizeof(v->used.local)) ||
	    memcmp(&v->used.peer, &cfg->net.peer, sizeof(v->used.peer))) {
		*why = "addresses cannot be changed by a reload: remove and create";
		return -EINVAL;
	}
	return ms_volume_check_size(v, cfg->sectors, why);
}

static int create(const struct ms_volume_config *cfg, struct ms_volume **pv,
		  const char **why)
{
	struct ms_volume *v;
	int r;

	list_for_each_entry(v, &volumes, registry) {
		if (uses(&v->used, cfg->data->bd_dev)) {
			*why = "data device is in use by another volume";
			return -EBUSY;
		}
		if (uses(&v->used, cfg->meta->bd_dev)) {
			*why = "metadata device is in use by another volume";
			return -EBUSY;
		}
	}
	r = ms_volume_create(cfg, &v, why);
	if (r)
		return r;
	v->used.data = cfg->data->bd_dev;
	v->used.meta = cfg->meta->bd_dev;
	v->used.key_crc = ms_crc32c(cfg->net.key, cfg->net.key ? cfg->net.key_len : 0);
	v->used.local = cfg->net.local;
	v->used.peer = cfg->net.peer;
	v->refs = 1;
	list_add(&v->registry, &volumes);
	*pv = v;
	return 0;
}

int ms_registry_take(const struct ms_volume_config *cfg, struct ms_volume **pv,
		     const char **why)
{
	struct ms_volume *v;
	int r = 1;

	mutex_lock(&lock);
	list_for_each_entry(v, &volumes, registry) {
		if (v->md != cfg->md)
			continue;
		r = check_shared(v, cfg, why);
		if (!r) {
			v->refs++;
			*pv = v;
		}
		break;
	}
	if (r > 0)
		r = create(cfg, pv, why);
	mutex_unlock(&lock);
	return r;
}

void ms_registry_drop(struct ms_volume *v)
{
	bool last;

	mutex_lock(&lock);
	last = !--v->refs;
	if (last)
		list_del_init(&v->registry);
	mutex_unlock(&lock);
	if (!last)
		return;
	ms_volume_stop(v);	/* also ends what an ioctl waits for */
	wait_event_idle(idle, !READ_ONCE(v->users));
	ms_volume_destroy(v);
}

struct ms_volume *ms_registry_get(u64 dev)
{
	struct ms_volume *v, *found = NULL;

	mutex_lock(&lock);
	list_for_each_entry(v, &volumes, registry) {
		if (v->dev != dev)
			continue;
		v->users++;
		found = v;
	}
	mutex_unlock(&lock);
	return found;
}

/* The one that @owner has begun a failback on, kept as by ms_registry_get(); NULL: none. */
static struct ms_volume *get_owned(const void *owner)
{
	struct ms_volume *v, *found = NULL;

	mutex_lock(&lock);
	list_for_each_entry(v, &volumes, registry) {
		if (READ_ONCE(v->failback_owner) != owner)
			continue;
		v->users++;
		found = v;
		break;
	}
	mutex_unlock(&lock);
	return found;
}

void ms_registry_abandon(const void *owner)
{
	struct ms_volume *v;

	while ((v = get_owned(owner))) {
		ms_failback_abandon(v, owner);
		ms_registry_put(v);
	}
}

void ms_registry_put(struct ms_volume *v)
{
	mutex_lock(&lock);
	v->users--;
	wake_up_all(&idle);
	mutex_unlock(&lock);
}
