// SPDX-License-Identifier: GPL-2.0-only
/*
 * The superblock's codec. service/meta and the CLI call it for each copy they
 * read or write; which copy wins is their business. Decoding judges the raw
 * block first and fills in the result only when all of it is good. No state,
 * no locking.
 */
#include "shared/codec.h"
#include "shared/codec_crc.h"

#define KNOWN_FLAGS	(MS_SB_CLEAN | MS_SB_ALL_CANDIDATES | \
			 MS_SB_NEVER_MET | MS_SB_FAILBACK | MS_SB_META_VOID | \
			 MS_SB_CHOSEN | MS_SB_COPY_ALL)
#define MIN_LOGICAL	512u

static const char magic[16] = MS_SUPER_MAGIC;

static u32 super_crc(const struct ms_super *raw)
{
	return ~crc_around(~0u, raw, sizeof(*raw),
			   offsetof(struct ms_super, crc));
}

void ms_gens_encode(const struct ms_gens *g, struct ms_disk_gens *raw)
{
	u32 i;

	raw->current_gen = cpu_to_le64(g->current_gen);
	raw->base = cpu_to_le64(g->base);
	raw->offered = cpu_to_le64(g->offered);
	for (i = 0; i < MS_GEN_HISTORY; i++)
		raw->history[i] = cpu_to_le64(g->history[i]);
}

void ms_gens_decode(const struct ms_disk_gens *raw, struct ms_gens *g)
{
	u32 i;

	g->current_gen = le64_to_cpu(raw->current_gen);
	g->base = le64_to_cpu(raw->base);
	g->offered = le64_to_cpu(raw->offered);
	for (i = 0; i < MS_GEN_HISTORY; i++)
		g->history[i] = le64_to_cpu(raw->history[i]);
}

void ms_super_encode(const struct ms_sb *sb, u32 block, struct ms_super *raw)
{
	memset(raw, 0, sizeof(*raw));
	memcpy(raw->magic, magic, sizeof(magic));
	raw->version = cpu_to_le32(sb->version);
	raw->block = cpu_to_le32(block);
	raw->flags = cpu_to_le32(sb->flags);
	raw->sequence = cpu_to_le64(sb->sequence);
	raw->compat = cpu_to_le64(sb->compat);
	raw->ro_compat = cpu_to_le64(sb->ro_compat);
	raw->incompat = cpu_to_le64(sb->incompat);
	raw->format_id = cpu_to_le64(sb->format_id);
	memcpy(raw->volume_id, sb->volume_id, MS_UUID);
	memcpy(raw->node_id, sb->node_id, MS_UUID);
	memcpy(raw->peer_node_id, sb->peer_node_id, MS_UUID);
	raw->sectors = cpu_to_le64(sb->sectors);
	raw->logical_block = cpu_to_le32(sb->logical_block);
	raw->seg_shift = cpu_to_le32(sb->seg_shift);
	raw->code_algo = cpu_to_le32(sb->code_algo);
	raw->max_hot = cpu_to_le32(sb->max_hot);
	raw->code_seed = cpu_to_le64(sb->code_seed);
	raw->area_blocks = cpu_to_le64(sb->area_blocks);
	raw->table_start = cpu_to_le64(sb->table_start);
	raw->role = cpu_to_le32(sb->role);
	raw->disk = cpu_to_le32(sb->disk);
	ms_gens_encode(&sb->gens, &raw->gens);
	raw->codes_since = cpu_to_le64(sb->codes_since);
	raw->activation = cpu_to_le64(sb->activation);
	raw->activation_id = cpu_to_le64(sb->activation_id);
	raw->peer_activation_id = cpu_to_le64(sb->peer_activation_id);
	raw->peer_commits = cpu_to_le64(sb->peer_commits);
	raw->format_time = cpu_to_le64(sb->format_time);
	ms_past_encode(sb->past, raw->past);
	raw->crc = cpu_to_le32(super_crc(raw));
}

/* Is this the layout that follows from the volume's numbers? */
static bool layout_good(const struct ms_super *raw)
{
	struct ms_geo geo;

	return !ms_geo_init(&geo, le64_to_cpu(raw->sectors),
			    le32_to_cpu(raw->seg_shift),
			    le32_to_cpu(raw->max_hot)) &&
	       le64_to_cpu(raw->area_blocks) == geo.area_blocks &&
	       le64_to_cpu(raw->table_start) == geo.table_start;
}

/* A power of two, at least a sector; a segment holds whole logical blocks. */
static bool logical_block_good(const struct ms_super *raw)
{
	u32 bytes = le32_to_cpu(raw->logical_block);

	return bytes >= MIN_LOGICAL && !(bytes & (bytes - 1)) &&
	       bytes <= 1u << le32_to_cpu(raw->seg_shift);
}

static bool values_good(const struct ms_super *raw)
{
	return layout_good(raw) && logical_block_good(raw) &&
	       !(le32_to_cpu(raw->flags) & ~KNOWN_FLAGS) &&
	       le32_to_cpu(raw->code_algo) == MS_CODE_ALGO_CRC32C_XXH &&
	       le32_to_cpu(raw->role) <= MS_ROLE_PRIMARY &&
	       le32_to_cpu(raw->disk) <= MS_DISK_OUTDATED &&
	       le64_to_cpu(raw->activation) <= MS_ACTIVATION_MAX;
}

static enum ms_bad judge(const struct ms_super *raw, u32 block)
{
	if (memcmp(raw->magic, magic, sizeof(magic)))
		return MS_BAD_MAGIC;
	if (le32_to_cpu(raw->crc) != super_crc(raw))
		return MS_BAD_CRC;
	if (le32_to_cpu(raw->version) != MS_FORMAT_VERSION)
		return MS_BAD_VERSION;
	if (le32_to_cpu(raw->block) != block)
		return MS_BAD_NUMBER;
	if (le64_to_cpu(raw->incompat) & ~MS_FEATURES_INCOMPAT)
		return MS_BAD_FEATURE;
	return values_good(raw) ? MS_GOOD : MS_BAD_VALUE;
}

enum ms_bad ms_super_decode(const struct ms_super *raw, u32 block, struct ms_sb *sb)
{
	enum ms_bad bad = judge(raw, block);

	if (bad)
		return bad;

	sb->version = le32_to_cpu(raw->version);
	sb->flags = le32_to_cpu(raw->flags);
	sb->sequence = le64_to_cpu(raw->sequence);
	sb->compat = le64_to_cpu(raw->compat);
	sb->ro_compat = le64_to_cpu(raw->ro_compat);
	sb->incompat = le64_to_cpu(raw->incompat);
	sb->format_id = le64_to_cpu(raw->format_id);
	memcpy(sb->volume_id, raw->volume_id, MS_UUID);
	memcpy(sb->node_id, raw->node_id, MS_UUID);
	memcpy(sb->peer_node_id, raw->peer_node_id, MS_UUID);
	sb->sectors = le64_to_cpu(raw->sectors);
	sb->logical_block = le32_to_cpu(raw->logical_block);
	sb->seg_shift = le32_to_cpu(raw->seg_shift);
	sb->code_algo = le32_to_cpu(raw->code_algo);
	sb->max_hot = le32_to_cpu(raw->max_hot);
	sb->code_seed = le64_to_cpu(raw->code_seed);
	sb->area_blocks = le64_to_cpu(raw->area_blocks);
	sb->table_start = le64_to_cpu(raw->table_start);
	sb->role = le32_to_cpu(raw->role);
	sb->disk = le32_to_cpu(raw->disk);
	ms_gens_decode(&raw->gens, &sb->gens);
	sb->codes_since = le64_to_cpu(raw->codes_since);
	sb->activation = le64_to_cpu(raw->activation);
	sb->activation_id = le64_to_cpu(raw->activation_id);
	sb->peer_activation_id = le64_to_cpu(raw->peer_activation_id);
	sb->peer_commits = le64_to_cpu(raw->peer_commits);
	sb->format_time = le64_to_cpu(raw->format_time);
	ms_past_decode(raw->past, sb->past);
	return MS_GOOD;
}

int ms_super_geo(const struct ms_sb *sb, struct ms_geo *geo)
{
	return ms_geo_init(geo, sb->sectors, sb->seg_shift, sb->max_hot);
}

const char *ms_bad_text(enum ms_bad bad)
{
	static const char * const text[] = {
		[MS_GOOD] = "good",
		[MS_BAD_MAGIC] = "no magic number",
		[MS_BAD_CRC] = "wrong checksum",
		[MS_BAD_NUMBER] = "belongs elsewhere",
		[MS_BAD_VERSION] = "unknown format version",
		[MS_BAD_FEATURE] = "needs a feature that is not known",
		[MS_BAD_VALUE] = "value out of range",
		[MS_BAD_SEQUENCE] = "not the version its summary names",
	};

	if ((u32)bad >= ARRAY_SIZE(text))
		return "bad";
	return text[bad];
}
