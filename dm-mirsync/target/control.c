// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/mirsync: copies arguments in and out and calls the engine. Needs
 * CAP_SYS_ADMIN. A volume is kept alive by the registry while an ioctl works
 * on it. No locking of its own.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "engine/event.h"
#include "target/control.h"
#include "target/registry.h"

static int do_status(struct ms_volume *v, void *arg, struct file *file)
{
	ms_volume_status(v, arg);
	return 0;
}

static int copy_range_out(const struct ms_ioc_range *rg, const void *buf, size_t size, int r)
{
	if (!r && copy_to_user(u64_to_user_ptr(rg->buffer), buf, rg->count * size))
		r = -EFAULT;
	return r;
}

static int do_summary(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_range *rg = arg;
	struct ms_summary_entry *buf;
	int r;

	rg->count = min(rg->count, MS_SUMMARY_BATCH);
	if (!rg->count || rg->site > MS_SITE_PEER)
		return -EINVAL;
	buf = kvcalloc(rg->count, sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	r = ms_read_summaries(v, rg->site, rg->first, &rg->count, buf);
	r = copy_range_out(rg, buf, sizeof(*buf), r);
	kvfree(buf);
	return r;
}

static int do_table(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_range *rg = arg;
	struct ms_wire_table *buf;
	int r;

	rg->count = min(rg->count, MS_TABLE_BATCH);
	if (!rg->count || rg->site > MS_SITE_PEER)
		return -EINVAL;
	buf = kvcalloc(rg->count, sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	r = ms_read_tables(v, rg->site, rg->first, &rg->count, buf);
	r = copy_range_out(rg, buf, sizeof(*buf), r);
	kvfree(buf);
	return r;
}

static int do_digests(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_digests *ds = arg;
	struct ms_ioc_digest *buf;
	size_t size;
	u32 i;
	int r;

	if (!ds->count || ds->count > MS_DIGEST_BATCH || ds->reserved)
		return -EINVAL;
	size = ds->count * sizeof(*buf);
	buf = vmemdup_user(u64_to_user_ptr(ds->buffer), size);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	r = 0;
	for (i = 0; i < ds->count; i++)
		if (buf[i].site > MS_SITE_PEER)
			r = -EINVAL;
	if (!r)
		r = ms_read_digests(v, buf, ds->count);
	if (!r && copy_to_user(u64_to_user_ptr(ds->buffer), buf, size))
		r = -EFAULT;
	kvfree(buf);
	return r;
}

static int do_verdicts(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_verdicts *vs = arg;
	struct ms_ioc_verdict *buf;
	size_t size;
	int r;

	if (!vs->count || vs->count > MS_CMP_BATCH)
		return -EINVAL;
	size = vs->count * sizeof(*buf);
	buf = vmemdup_user(u64_to_user_ptr(vs->buffer), size);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	r = ms_take_verdicts(v, buf, vs->count, &vs->held);
	if (!r && copy_to_user(u64_to_user_ptr(vs->buffer), buf, size))
		r = -EFAULT;
	kvfree(buf);
	return r;
}

static int do_failback(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_failback *fb = arg;

	memset(fb->error, 0, sizeof(fb->error));
	if (fb->flags & ~(MS_FAILBACK_FORCE | MS_FAILBACK_CHANGED | MS_FAILBACK_COPY |
			  MS_FAILBACK_RESOLVE) ||
	    fb->reserved)
		return -EINVAL;
	return ms_cmd_failback(v, fb, file);
}

static int do_switch(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_switch *sw = arg;

	memset(sw->error, 0, sizeof(sw->error));
	if (sw->flags)
		return -EINVAL;
	return ms_cmd_switch(v, sw);
}

static int do_scrub(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_scrub *sc = arg;

	if (sc->flags & ~MS_SCRUB_REPAIR || sc->reserved ||
	    memchr_inv(sc->reserved2, 0, sizeof(sc->reserved2)))
		return -EINVAL;
	sc->sectors = 0;
	memset(sc->checked, 0, sizeof(sc->checked));
	memset(sc->differs, 0, sizeof(sc->differs));
	memset(sc->unreadable, 0, sizeof(sc->unreadable));
	memset(sc->repaired, 0, sizeof(sc->repaired));
	return ms_scrub(v, sc);
}

static int do_regenerate(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_regenerate *rg = arg;

	memset(rg->error, 0, sizeof(rg->error));
	if (rg->site > MS_SITE_PEER || rg->reserved)
		return -EINVAL;
	return ms_cmd_regenerate(v, rg->site, rg->error, sizeof(rg->error));
}

static int do_repair(struct ms_volume *v, void *arg, struct file *file)
{
	struct ms_ioc_repair *rp = arg;

	memset(rp->error, 0, sizeof(rp->error));
	rp->repaired = 0;
	if (rp->site > MS_SITE_PEER || memchr_inv(rp->reserved, 0, sizeof(rp->reserved)))
		return -EINVAL;
	return ms_cmd_repair(v, rp);
}

/* Every argument struct begins with the device number. */
static const struct {
	unsigned int cmd;
	int (*fn)(struct ms_volume *v, void *arg, struct file *file);
} commands[] = {
	{ MS_IOC_STATUS, do_status },
	{ MS_IOC_SUMMARY, do_summary },
	{ MS_IOC_TABLE, do_table },
	{ MS_IOC_VERDICTS, do_verdicts },
	{ MS_IOC_FAILBACK, do_failback },
	{ MS_IOC_SWITCH, do_switch },
	{ MS_IOC_DIGEST, do_digests },
	{ MS_IOC_SCRUB, do_scrub },
	{ MS_IOC_REGENERATE, do_regenerate },
	{ MS_IOC_REPAIR, do_repair },
};

static int run(unsigned int i, void __user *user, struct file *file)
{
	size_t size = _IOC_SIZE(commands[i].cmd);
	void *arg = memdup_user(user, size);
	struct ms_volume *v;
	int r = -ENODEV;

	if (IS_ERR(arg))
		return PTR_ERR(arg);
	v = ms_registry_get(*(u64 *)arg);
	if (v) {
		r = commands[i].fn(v, arg, file);
		ms_registry_put(v);
		if (copy_to_user(user, arg, size))	/* also when it failed: why */
			r = r ?: -EFAULT;
	}
	kfree(arg);
	return r;
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	unsigned int i;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (cmd == MS_IOC_VERSION)
		return put_user(MS_IOC_VERSION_NUMBER, (u32 __user *)user);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return run(i, user, file);
	return -ENOTTY;
}

/* Who began a failback and is gone would leave the pair waiting for its start. */
static int control_release(struct inode *inode, struct file *file)
{
	ms_registry_abandon(file);
	return 0;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.release = control_release,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice control = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mirsync",
	.mode = 0600,
	.fops = &control_fops,
};

int ms_control_init(void)
{
	int r = misc_register(&control);

	if (!r)
		ms_event_device(control.this_device);
	return r;
}

void ms_control_exit(void)
{
	ms_event_device(NULL);
	misc_deregister(&control);
}
