// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metadata handle: opening, closing, sequence numbers. Called by the
 * target's constructor and destructor; see meta.h for the locking.
 */
#include "service/meta_internal.h"

/* The writer holds one buffer, so does every reader. */
#define RESERVED_BUFFERS	1

static int alloc_for_geo(struct ms_meta *m)
{
	m->image[0] = ms_meta_alloc(m->geo.record_blocks);
	m->image[1] = ms_meta_alloc(m->geo.record_blocks);
	m->pending = kvcalloc(m->geo.max_hot, sizeof(*m->pending), GFP_KERNEL);
	if (!m->image[0] || !m->image[1] || !m->pending)
		return -ENOMEM;
	return 0;
}

static int open_bufio(struct ms_meta *m)
{
	struct dm_bufio_client *c;

	c = dm_bufio_client_create(m->bdev, MS_BLOCK, RESERVED_BUFFERS, 0,
				   NULL, NULL, 0);
	if (IS_ERR(c))
		return PTR_ERR(c);
	m->bufio = c;
	return 0;
}

static struct ms_meta *alloc_handle(struct block_device *bdev, const char *name)
{
	struct ms_meta *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return NULL;
	m->bdev = bdev;
	init_rwsem(&m->lock);
	xa_init(&m->reported);
	m->name = kstrdup(name, GFP_KERNEL);
	m->raw = ms_meta_alloc(1);
	if (m->name && m->raw)
		return m;
	ms_meta_close(m);
	return NULL;
}

int ms_meta_open(struct block_device *bdev, const char *name,
		 struct ms_meta **pm, const char **why)
{
	unsigned int noio;
	struct ms_meta *m;
	int r;

	if (bdev_logical_block_size(bdev) > MS_BLOCK) {
		*why = "metadata device has a logical block size above 4096";
		return -EINVAL;
	}
	*why = "out of memory";
	noio = memalloc_noio_save();
	m = alloc_handle(bdev, name);
	r = m ? ms_meta_read_super(m, why) : -ENOMEM;
	if (!r) {
		*why = "out of memory";
		r = alloc_for_geo(m);
	}
	if (!r)
		r = open_bufio(m);
	memalloc_noio_restore(noio);
	if (r) {
		ms_meta_close(m);
		return r;
	}
	*why = NULL;
	*pm = m;
	return 0;
}

/**
 * ms_meta_close() - give the handle up
 * @m: handle, or NULL
 *
 * Table blocks that were not flushed may or may not reach the disk; their
 * extents are still in the activity record. Nothing else may run in the handle.
 */
void ms_meta_close(struct ms_meta *m)
{
	if (!m)
		return;
	if (m->bufio)
		dm_bufio_client_destroy(m->bufio);
	xa_destroy(&m->reported);
	kvfree(m->pending);
	vfree(m->image[0]);
	vfree(m->image[1]);
	vfree(m->raw);
	kfree(m->name);
	kfree(m);
}

int ms_meta_secure(struct ms_meta *m)
{
	unsigned int noio = memalloc_noio_save();
	int r = blkdev_issue_flush(m->bdev);

	memalloc_noio_restore(noio);
	return r;
}

const struct ms_geo *ms_meta_geo(const struct ms_meta *m)
{
	return &m->geo;
}

u64 ms_meta_commits(const struct ms_meta *m)
{
	return atomic64_read(&m->commits);
}

u64 ms_meta_next_sequence(struct ms_meta *m)
{
	u64 s = atomic64_inc_return(&m->sequence);

	WARN_ON_ONCE(s >> 40 == 0);	/* before ms_meta_set_activation() */
	return s;
}

void ms_meta_set_activation(struct ms_meta *m, u64 activation)
{
	WARN_ON_ONCE(activation == 0 || activation >= 1ull << 24);
	atomic64_set(&m->sequence, activation << 40);
}
