// SPDX-License-Identifier: GPL-2.0-only
/*
 * All volumes of this kernel; see registry.h. Devices are taken before a volume is made on
 * them, and given back when the last of it is gone, so that no two are at work on one device.
 * Locking: one mutex around the lists and the counts, never held while a disk is waited for.
 */
#include <linux/blkdev.h>
#include <linux/slab.h>

#include "engine/failback.h"
#include "engine/grow.h"
#include "target/registry.h"

/* The devices of a volume: also while it is made, or taken down. */
struct ms_holding {
	struct list_head list;
	struct mapped_device *md;
	dev_t data, meta;
};

static DEFINE_MUTEX(lock);
static LIST_HEAD(volumes);
static LIST_HEAD(holdings);
static DECLARE_WAIT_QUEUE_HEAD(idle);

static bool uses(const struct ms_holding *h, dev_t dev)
{
	return h->data == dev || h->meta == dev;
}

static int check_shared(struct ms_volume *v, const struct ms_volume_config *cfg,
			const char **why)
{
	struct ms_options now;

	if (v->holding->data != cfg->data->bd_dev || v->holding->meta != cfg->meta->bd_dev) {
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

/* Are these free? lock is held. */
static int check_free(const struct ms_volume_config *cfg, const char **why)
{
	const struct ms_holding *h;

	list_for_each_entry(h, &holdings, list) {
		if (h->md == cfg->md)
			*why = "this device is being set up or taken down";
		else if (uses(h, cfg->data->bd_dev))
			*why = "data device is in use by another volume";
		else if (uses(h, cfg->meta->bd_dev))
			*why = "metadata device is in use by another volume";
		else
			continue;
		return -EBUSY;
	}
	return 0;
}

/* The volume of this dm device, for one more table; or its devices, for a new one. Return: 0, 1, negative. */
static int find_or_hold(const struct ms_volume_config *cfg, struct ms_holding *h,
			struct ms_volume **pv, const char **why)
{
	struct ms_volume *v;
	int r;

	list_for_each_entry(v, &volumes, registry) {
		if (v->md != cfg->md)
			continue;
		r = check_shared(v, cfg, why);
		if (!r) {
			v->refs++;
			*pv = v;
		}
		return r;
	}
	r = check_free(cfg, why);
	if (r)
		return r;
	h->md = cfg->md;
	h->data = cfg->data->bd_dev;
	h->meta = cfg->meta->bd_dev;
	list_add(&h->list, &holdings);
	return 1;
}

static void give_back(struct ms_holding *h)
{
	mutex_lock(&lock);
	list_del(&h->list);
	mutex_unlock(&lock);
	kfree(h);
}

static int create(const struct ms_volume_config *cfg, struct ms_holding *h,
		  struct ms_volume **pv, const char **why)
{
	struct ms_volume *v;
	int r = ms_volume_create(cfg, &v, why);

	if (r)
		return r;
	v->holding = h;
	v->used.key_crc = ms_crc32c(cfg->net.key, cfg->net.key ? cfg->net.key_len : 0);
	v->used.local = cfg->net.local;
	v->used.peer = cfg->net.peer;
	v->refs = 1;
	mutex_lock(&lock);
	list_add(&v->registry, &volumes);
	mutex_unlock(&lock);
	*pv = v;
	return 0;
}

int ms_registry_take(const struct ms_volume_config *cfg, struct ms_volume **pv,
		     const char **why)
{
	struct ms_holding *h = kzalloc(sizeof(*h), GFP_KERNEL);
	int r;

	*why = "not enough memory";
	if (!h)
		return -ENOMEM;
	mutex_lock(&lock);
	r = find_or_hold(cfg, h, pv, why);
	mutex_unlock(&lock);
	if (r <= 0) {
		kfree(h);
		return r;
	}
	r = create(cfg, h, pv, why);
	if (r)
		give_back(h);
	return r;
}

void ms_registry_drop(struct ms_volume *v)
{
	struct ms_holding *h = v->holding;
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
	give_back(h);
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
