// SPDX-License-Identifier: GPL-2.0-only
/*
 * The judgement of the activity record against a simulation that knows the
 * truth: records are written to alternating copies, the last write is cut off
 * after any subset of its sectors, sectors go bad anywhere. Whatever is judged
 * to hold must be the list that was acknowledged last, or the complete one
 * that was about to be. A cut alone must never be called damage.
 */
#include "help.h"
#include "shared/codec.h"

#define FORMAT		0xfeedfacecafebeefull
#define MAX_HOT		112u	/* four sectors */
#define SECTORS		4u

static struct ms_geo geo;

/* A disk with the two copies, and what was written to it. */
struct disk {
	struct ms_record_sector copy[2][SECTORS];
	u32 next;		/* copy to be written next */
	u64 sequence;		/* of the last write begun */
	struct ms_hot acked[MAX_HOT], latest[MAX_HOT];
	u32 n_acked, n_latest;
	u64 acked_sequence;
	u32 salt;		/* so that no two lists are alike */
};

/* What the judge says of a disk. */
static struct ms_hot hot[MAX_HOT];
static struct ms_record_result res;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(ms_geo_init(&geo, 1ull << 40, 12, MAX_HOT), 0);
	assert_int_equal(geo.record_sectors, SECTORS);
	return 0;
}

static void judge(const struct disk *d)
{
	memset(hot, 0xee, sizeof(hot));
	memset(&res, 0xee, sizeof(res));
	ms_record_judge(&geo, FORMAT, d->copy[0], d->copy[1], hot, &res);
}

static void format(struct disk *d)
{
	memset(d, 0, sizeof(*d));
	ms_record_blank(d->copy[0], &geo, FORMAT, 0, 2, NULL);
	ms_record_blank(d->copy[1], &geo, FORMAT, 1, 1, NULL);
	d->sequence = d->acked_sequence = 2;
	d->next = 1;
}

/* A record that fills @sectors sectors, the last one not wholly. */
static u32 make_list(struct disk *d, u32 sectors, struct ms_hot *list)
{
	u32 total = sectors ? sectors * MS_RECORD_ENTRIES - 1 : 0;

	d->salt++;
	for (u32 i = 0; i < total; i++) {
		list[i].extent = (u64)d->salt * 1000 + i * 7;
		list[i].mask = (d->salt * 77ull + i) & MS_MASK_ALL;
	}
	return total;
}

/* Begin a record write of which only the sectors in @subset arrive. */
static void write_subset(struct disk *d, u32 sectors, u32 subset)
{
	const struct ms_sums sums = { (d->sequence + 1) * 7, (d->sequence + 1) * 11 };
	struct ms_record_sector raw[SECTORS];
	u32 written;

	d->n_latest = make_list(d, sectors, d->latest);
	d->sequence++;
	ms_record_encode(raw, FORMAT, d->next, d->sequence, d->latest, d->n_latest,
			 d->sequence * 3, d->sequence * 5, d->sequence % 3 ? &sums : NULL);
	written = ms_record_sectors(d->n_latest);
	for (u32 i = 0; i < written; i++)
		if (subset >> i & 1)
			d->copy[d->next][i] = raw[i];
}

static void acknowledge(struct disk *d)
{
	memcpy(d->acked, d->latest, sizeof(d->acked));
	d->n_acked = d->n_latest;
	d->acked_sequence = d->sequence;
	d->next = !d->next;
}

static void write_record(struct disk *d, u32 sectors)
{
	write_subset(d, sectors, ~0u);
	acknowledge(d);
}

static bool judged_is(const struct ms_hot *list, u32 n, u64 sequence)
{
	bool known = sequence % 3;

	return res.state == MS_RECORD_OK && res.total == n && res.held == sequence &&
	       !memcmp(hot, list, n * sizeof(*list)) &&
	       (sequence <= 2 || (res.peer_id == sequence * 3 && res.peer_seq == sequence * 5 &&
				  res.sums_known == known &&
				  res.sums.plain == (known ? sequence * 7 : 0) &&
				  res.sums.weighted == (known ? sequence * 11 : 0)));
}

static bool is_acked(const struct disk *d)
{
	return judged_is(d->acked, d->n_acked, d->acked_sequence);
}

static bool is_latest(const struct disk *d)
{
	return judged_is(d->latest, d->n_latest, d->sequence);
}

static u64 highest_on(const struct disk *d)
{
	u64 top = 0;

	for (u32 c = 0; c < 2; c++)
		for (u32 i = 0; i < SECTORS; i++)
			if (le64_to_cpu(d->copy[c][i].sequence) > top)
				top = le64_to_cpu(d->copy[c][i].sequence);
	return top;
}

static void round_trip(void **state)
{
	struct disk d;

	(void)state;
	format(&d);
	judge(&d);
	assert_true(is_acked(&d));
	assert_int_equal(res.total, 0);
	for (u32 n = 0; n < 40; n++) {
		write_record(&d, n * 7 % 5);
		judge(&d);
		assert_true(is_acked(&d));
		assert_int_equal(res.copy, !d.next);
		assert_int_equal(res.sequence, d.sequence);
		assert_false(res.torn);
	}
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(ms_record_sectors(0), 1);
	assert_int_equal(ms_record_sectors(1), 1);
	assert_int_equal(ms_record_sectors(28), 1);
	assert_int_equal(ms_record_sectors(29), 2);
	assert_int_equal(ms_record_sectors(MS_HOT_MAX), 147);
}

/* History number @h: four records of 0, 1, 2 or 4 sectors. */
static void play(struct disk *d, u32 h)
{
	static const u32 sectors[] = { 0, 1, 2, 4 };

	format(d);
	for (u32 i = 0; i < 4; i++, h >>= 2)
		write_record(d, sectors[h & 3]);
}
#define HISTORIES	256u

/* Every subset of the sectors of a newer record over an older one, in either copy. */
static void a_cut_is_never_damage(void **state)
{
	static struct disk d, cut;

	(void)state;
	for (u32 h = 0; h < HISTORIES * 2; h++) {
		play(&d, h / 2);
		if (h & 1)
			write_record(&d, 3);
		for (u32 n = 1; n <= SECTORS; n++)
			for (u32 subset = 0; subset < 1u << n; subset++) {
				cut = d;
				write_subset(&cut, n, subset);
				judge(&cut);
				if (subset == (1u << n) - 1)
					assert_true(is_latest(&cut));
				else
					assert_true(is_acked(&cut));
				assert_int_equal(res.sequence, highest_on(&cut));
			}
	}
}

/*
 * A cut, a new start, and a second cut over the remains of the first: the next
 * sequence is the result's plus one.
 */
static void a_second_cut_over_the_first(void **state)
{
	static struct disk d, first, second;

	(void)state;
	for (u32 h = 0; h < HISTORIES; h += 5) {
		play(&d, h);
		for (u32 n = 1; n <= SECTORS; n++)
			for (u32 s1 = 0; s1 < 1u << n; s1++) {
				first = d;
				write_subset(&first, n, s1);
				judge(&first);
				if (is_latest(&first))
					acknowledge(&first);
				first.next = !res.copy;
				first.sequence = res.sequence;
				for (u32 m = 1; m <= SECTORS; m++)
					for (u32 s2 = 0; s2 < 1u << m; s2++) {
						second = first;
						write_subset(&second, m, s2);
						judge(&second);
						if (s2 == (1u << m) - 1)
							assert_true(is_latest(&second));
						else
							assert_true(is_acked(&second));
					}
			}
	}
}

/* Why the result's sequence counts leftovers: one number used twice can deceive. */
static void one_number_for_two_writes_deceives(void **state)
{
	static struct disk d;

	(void)state;
	format(&d);
	write_record(&d, 2);
	write_subset(&d, 2, 2);		/* only the second sector arrives */
	judge(&d);
	assert_true(is_acked(&d));
	assert_true(res.sequence > res.held);
	d.sequence = res.held;		/* the mistake */
	write_subset(&d, 2, 1);		/* only the first one arrives */
	judge(&d);
	assert_false(is_acked(&d) || is_latest(&d));
}

static void spoil(struct ms_record_sector *s, struct rng *rng)
{
	switch (rng_below(rng, 4)) {
	case 0:
		memset(s, 0, sizeof(*s));
		break;
	case 1:
		rng_fill(rng, s, sizeof(*s));
		break;
	default:
		flip_bit(s, rng_below(rng, sizeof(*s) * 8));
	}
}

/*
 * Every set of bad sectors after every history and every cut. What holds is
 * never older than the acknowledged record and never a mixture; else damage.
 */
static void bad_sectors_never_lose_an_entry(void **state)
{
	static struct disk d, cut, bad;
	struct rng rng = { 3 };
	u32 ok = 0, damaged = 0;

	(void)state;
	for (u32 h = 0; h < HISTORIES; h += 7) {
		play(&d, h);
		for (u32 n = 1; n <= SECTORS; n++)
			for (u32 subset = 0; subset < 1u << n; subset++) {
				cut = d;
				write_subset(&cut, n, subset);
				for (u32 set = 1; set < 1u << 2 * SECTORS; set++) {
					bad = cut;
					for (u32 i = 0; i < 2 * SECTORS; i++)
						if (set >> i & 1)
							spoil(&bad.copy[i / SECTORS][i % SECTORS], &rng);
					judge(&bad);
					if (res.state == MS_RECORD_OK) {
						assert_true(is_acked(&bad) || is_latest(&bad));
						ok++;
					} else {
						assert_int_equal(res.state, MS_RECORD_DAMAGED);
						damaged++;
					}
				}
			}
	}
	assert_true(ok > 1000 && damaged > 1000);
}

/* The same after a record was acknowledged: it or damage, nothing else. */
static void bad_sectors_after_an_acknowledged_write(void **state)
{
	static struct disk d, bad;
	struct rng rng = { 4 };

	(void)state;
	for (u32 h = 0; h < HISTORIES; h++) {
		play(&d, h);
		for (u32 set = 1; set < 1u << 2 * SECTORS; set++) {
			u32 used = ms_record_sectors(d.n_acked);
			u32 newest = set >> (d.next ? 0 : SECTORS) & 15;
			u32 older = set >> (d.next ? SECTORS : 0) & 15;

			bad = d;
			for (u32 i = 0; i < 2 * SECTORS; i++)
				if (set >> i & 1)
					spoil(&bad.copy[i / SECTORS][i % SECTORS], &rng);
			judge(&bad);
			if (res.state == MS_RECORD_OK)
				assert_true(is_acked(&bad));
			/* Not more damage than need be: see the rule in codec.h. */
			if (!(newest & ((1u << used) - 1)) && !(older & 1))
				assert_int_equal(res.state, MS_RECORD_OK);
			else
				assert_int_equal(res.state, MS_RECORD_DAMAGED);
		}
	}
}

/* One flipped bit in the record that holds is damage, wherever it is. */
static void every_flipped_bit_is_seen(void **state)
{
	struct disk d;

	(void)state;
	format(&d);
	write_record(&d, 2);
	write_record(&d, 3);
	for (size_t bit = 0; bit < 3 * MS_SECTOR * 8; bit++) {
		flip_bit(d.copy[!d.next], bit);
		judge(&d);
		assert_int_equal(res.state, MS_RECORD_DAMAGED);
		assert_int_equal(res.held, 0);
		flip_bit(d.copy[!d.next], bit);
	}
	judge(&d);
	assert_true(is_acked(&d));
}

static void equal_sequences_are_damage(void **state)
{
	struct disk d;
	u32 n;

	(void)state;
	format(&d);
	n = make_list(&d, 2, d.latest);
	ms_record_encode(d.copy[0], FORMAT, 0, 9, d.latest, n, 0, 0, NULL);
	ms_record_encode(d.copy[1], FORMAT, 1, 9, d.latest, n, 0, 0, NULL);
	judge(&d);
	assert_int_equal(res.state, MS_RECORD_DAMAGED);
	assert_int_equal(res.sequence, 9);
	ms_record_encode(d.copy[1], FORMAT, 1, 10, d.latest, n, 0, 0, NULL);
	judge(&d);
	assert_int_equal(res.state, MS_RECORD_OK);
}

/* A list whose checksums are right and whose content is not. */
static void lists_without_sense(void **state)
{
	struct disk d;
	u32 n;

	(void)state;
	for (int what = 0; what < 5; what++) {
		format(&d);
		n = make_list(&d, 3, d.latest);
		if (what == 0)		/* twice the same, in different sectors */
			d.latest[70].extent = d.latest[3].extent;
		if (what == 1)
			d.latest[5].extent = geo.extents;
		if (what == 2)
			d.latest[5].extent = ~0ull;
		if (what == 3)
			d.latest[80].mask = MS_MASK_ALL + 1;
		if (what == 4)
			d.latest[80].extent = geo.extents - 1;
		ms_record_encode(d.copy[1], FORMAT, 1, 9, d.latest, n, 0, 0, NULL);
		judge(&d);
		assert_int_equal(res.state, what == 4 ? MS_RECORD_OK : MS_RECORD_DAMAGED);
	}
}

static void sectors_in_the_wrong_place(void **state)
{
	struct disk d, moved;
	struct ms_record_sector s;

	(void)state;
	format(&d);
	write_record(&d, 3);
	write_record(&d, 3);
	/* copies swapped */
	memcpy(moved.copy[0], d.copy[1], sizeof(d.copy[0]));
	memcpy(moved.copy[1], d.copy[0], sizeof(d.copy[0]));
	judge(&moved);
	assert_int_equal(res.state, MS_RECORD_DAMAGED);
	/* sectors swapped */
	moved = d;
	s = moved.copy[0][1];
	moved.copy[0][1] = moved.copy[0][2];
	moved.copy[0][2] = s;
	judge(&moved);
	assert_int_equal(res.state, MS_RECORD_DAMAGED);
	/* of an earlier format of this device */
	ms_record_judge(&geo, FORMAT ^ 1, d.copy[0], d.copy[1], hot, &res);
	assert_int_equal(res.state, MS_RECORD_DAMAGED);
	assert_int_equal(res.sequence, 0);
	/* never formatted */
	memset(&moved, 0, sizeof(moved));
	judge(&moved);
	assert_int_equal(res.state, MS_RECORD_DAMAGED);
}

/* After damage the next write must cure it: it goes to the copy not named. */
static void writing_on_after_damage(void **state)
{
	static struct disk d, bad;
	struct rng rng = { 5 };

	(void)state;
	for (u32 h = 0; h < HISTORIES; h++) {
		play(&d, h);
		for (u32 set = 1; set < 1u << 2 * SECTORS; set++) {
			bad = d;
			for (u32 i = 0; i < 2 * SECTORS; i++)
				if (set >> i & 1)
					spoil(&bad.copy[i / SECTORS][i % SECTORS], &rng);
			judge(&bad);
			bad.sequence = res.sequence;
			bad.next = !res.copy;
			write_record(&bad, 4);
			write_record(&bad, 4);
			judge(&bad);
			assert_true(is_acked(&bad));
		}
	}
}

/* Fields under a right checksum are anything at all; nothing is read beyond the buffers. */
static void any_bytes(void **state)
{
	struct rng rng = { 6 };
	struct disk d;

	(void)state;
	for (u32 round = 0; round < 20000; round++) {
		format(&d);
		write_record(&d, rng_below(&rng, 5));
		write_record(&d, rng_below(&rng, 5));
		for (u32 k = 1 + rng_below(&rng, 3); k; k--) {
			struct ms_record_sector *s =
				&d.copy[rng_below(&rng, 2)][rng_below(&rng, SECTORS)];
			__le64 id = cpu_to_le64(FORMAT);
			u32 crc;

			((u8 *)s)[4 + rng_below(&rng, 60)] = rng_next(&rng);
			s->crc = 0;
			crc = ms_crc32c_raw(ms_crc32c_raw(~0u, &id, 8), s, sizeof(*s));
			s->crc = cpu_to_le32(~crc);
		}
		judge(&d);
		if (res.state == MS_RECORD_OK)
			assert_true(res.total <= MAX_HOT && res.copy < 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(a_cut_is_never_damage),
		cmocka_unit_test(a_second_cut_over_the_first),
		cmocka_unit_test(one_number_for_two_writes_deceives),
		cmocka_unit_test(bad_sectors_never_lose_an_entry),
		cmocka_unit_test(bad_sectors_after_an_acknowledged_write),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(equal_sequences_are_damage),
		cmocka_unit_test(lists_without_sense),
		cmocka_unit_test(sectors_in_the_wrong_place),
		cmocka_unit_test(writing_on_after_damage),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
