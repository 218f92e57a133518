/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/debug/mirsync/dm-N/{counters,latency,session}: what a volume has
 * counted, as text. The folder has the kernel's name of the dm device, which
 * is never reused while the volume lives and which no rename changes.
 *
 * Lifetime: a file's data is the volume. debugfs runs an open or a read only
 * between debugfs_file_get() and debugfs_file_put(), and
 * debugfs_remove_recursive() waits for those that run and lets no other begin;
 * so after ms_debugfs_drop() nobody looks at the volume any more, also who
 * still has a file open.
 */
#ifndef MS_ENGINE_DEBUGFS_H
#define MS_ENGINE_DEBUGFS_H

struct ms_volume;

/* At the load and unload of the module. Without debugfs nothing is there, and nothing fails. */
void ms_debugfs_init(void);
void ms_debugfs_exit(void);
/* The volume's folder: when everything that the files show is there, and before any of it goes. May sleep. */
void ms_debugfs_add(struct ms_volume *v);
void ms_debugfs_drop(struct ms_volume *v);

#endif
