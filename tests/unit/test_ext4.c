// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a code is more than a crc32c (I8), shown on real ext4 images made by
 * e2fsprogs: a changed label and a punched hole change blocks that end in
 * their own crc32c, and the crc32c of the block and of the 64 KiB around it
 * stays what it was. The test finds such blocks by itself, fails if it finds
 * none, and demands that their codes differ.
 */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "help.h"
#include "shared/code.h"

#define SIZE		(16u << 20)
#define BLOCK		4096u
#define SEGMENT		65536u
#define EXTENT_MAGIC	0xf30a	/* of an extent tree block, at its begin */

static char dir[PATH_MAX];
static char image[PATH_MAX + 32], source[PATH_MAX + 32], script[PATH_MAX + 32];
static u8 *before, *after;

/* Run a program; its output goes to a log that is shown when it fails. */
static void run(char *const argv[])
{
	char log[PATH_MAX + 32];
	posix_spawn_file_actions_t fa;
	int status;
	pid_t pid;

	snprintf(log, sizeof(log), "%s/log", dir);
	assert_int_equal(posix_spawn_file_actions_init(&fa), 0);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&fa, 1, 2);
	if (posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ))
		fail_msg("cannot run %s: is e2fsprogs installed?", argv[0]);
	posix_spawn_file_actions_destroy(&fa);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		char text[1000] = "";
		FILE *f = fopen(log, "r");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

		text[n] = 0;
		if (f)
			fclose(f);
		fail_msg("%s failed (status %#x): %s", argv[0], status, text);
	}
}

#define RUN(...) run((char *const[]) { __VA_ARGS__, NULL })

static void put_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void get_image(u8 *to)
{
	FILE *f = fopen(image, "r");

	assert_non_null(f);
	assert_int_equal(fread(to, 1, SIZE, f), SIZE);
	fclose(f);
}

/* debugfs's exit status says nothing, so what it did is seen in the image. */
static void debugfs(const char *commands)
{
	put_file(script, commands, strlen(commands));
	RUN("debugfs", "-w", "-f", script, image);
}

/* Every second block of the first sixty is a hole: more extents than an inode holds. */
static void make_fragmented_file(void)
{
	char commands[4000];
	struct rng rng = { 1 };
	static u8 content[100 * BLOCK];
	int n;

	rng_fill(&rng, content, sizeof(content));
	put_file(source, content, sizeof(content));
	n = snprintf(commands, sizeof(commands), "write %s f\n", source);
	for (u32 i = 1; i < 60; i += 2)
		n += snprintf(commands + n, sizeof(commands) - n, "punch f %u %u\n", i, i);
	debugfs(commands);
}

static int make_image(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin", getenv("PATH") ?: "/usr/bin:/bin");
	setenv("PATH", path, 1);
	snprintf(dir, sizeof(dir), "%s/mirsync-ext4-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(image, sizeof(image), "%s/image", dir);
	snprintf(source, sizeof(source), "%s/source", dir);
	snprintf(script, sizeof(script), "%s/script", dir);
	before = malloc(SIZE);
	after = malloc(SIZE);
	assert_true(before && after);
	put_file(image, "", 0);
	assert_int_equal(truncate(image, SIZE), 0);
	RUN("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-O", "metadata_csum",
	    "-L", "before", image);
	make_fragmented_file();
	return 0;
}

static int remove_image(void **state)
{
	static const char * const names[] = { "image", "source", "script", "log" };
	char path[PATH_MAX + 32];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	free(before);
	free(after);
	return 0;
}

static bool changed(size_t at, size_t n)
{
	return memcmp(before + at, after + at, n) != 0;
}

/* A crc32c alone does not see what changed in these @n bytes. */
static bool crc_is_blind(size_t at, size_t n)
{
	return changed(at, n) && ms_crc32c(before + at, n) == ms_crc32c(after + at, n);
}

static void codes_differ(size_t at, size_t n)
{
	struct rng rng = { at };

	for (u32 i = 0; i < 100; i++) {
		u64 seed = rng_next(&rng);

		assert_int_not_equal(ms_code(before + at, n, seed), ms_code(after + at, n, seed));
	}
}

/* Wherever anything changed, in blocks of all kinds, the codes differ. */
static void all_changes_are_seen(void)
{
	u32 blocks = 0;

	for (size_t n = BLOCK; n <= SEGMENT; n *= 2)
		for (size_t at = 0; at < SIZE; at += n)
			if (changed(at, n)) {
				codes_differ(at, n);
				blocks += n == BLOCK;
			}
	assert_true(blocks > 0);
}

static void label(void **state)
{
	(void)state;
	get_image(before);
	RUN("tune2fs", "-L", "after", image);
	get_image(after);
	assert_memory_equal(after + 1024 + 0x78, "after\0", 6);

	assert_true(crc_is_blind(0, BLOCK));
	assert_true(crc_is_blind(0, SEGMENT));
	codes_differ(0, BLOCK);
	codes_differ(0, SEGMENT);
	all_changes_are_seen();
}

static bool is_extent_block(const u8 *p)
{
	return (p[0] | p[1] << 8) == EXTENT_MAGIC;
}

static void hole(void **state)
{
	u32 found = 0;

	(void)state;
	get_image(before);
	debugfs("punch f 71 71\n");
	get_image(after);

	for (size_t at = 0; at < SIZE; at += BLOCK) {
		size_t segment = at / SEGMENT * SEGMENT;

		if (!changed(at, BLOCK) || !is_extent_block(before + at))
			continue;
		/* its number of entries grew, its own checksum changed with it */
		assert_true(changed(at + 2, 2));
		assert_true(changed(at + BLOCK - 4, 4));
		assert_true(crc_is_blind(at, BLOCK));
		assert_true(crc_is_blind(segment, SEGMENT));
		codes_differ(at, BLOCK);
		codes_differ(segment, SEGMENT);
		found++;
	}
	assert_true(found > 0);
	all_changes_are_seen();
}

/* The images the tests are about are sound file systems. */
static void images_are_sound(void **state)
{
	(void)state;
	RUN("e2fsck", "-f", "-n", image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label),
		cmocka_unit_test(hole),
		cmocka_unit_test(images_are_sound),
	};

	return cmocka_run_group_tests(tests, make_image, remove_image);
}
