// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256 of parts of a payload buffer; see sha256.h. Called by the engine's digests of
 * contents. No locking.
 */
#include <crypto/hash.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "service/sha256.h"

MODULE_SOFTDEP("pre: sha256");

struct crypto_shash *ms_sha256_begin(void)
{
	unsigned int noio = memalloc_noio_save();
	struct crypto_shash *hash = crypto_alloc_shash("sha256", 0, 0);

	memalloc_noio_restore(noio);
	if (IS_ERR(hash) || crypto_shash_digestsize(hash) == MS_SHA256)
		return hash;
	crypto_free_shash(hash);
	return ERR_PTR(-EINVAL);
}

void ms_sha256_end(struct crypto_shash *hash)
{
	crypto_free_shash(hash);
}

static int add_piece(struct shash_desc *desc, const struct bio_vec *bv, u32 from, u32 bytes)
{
	char *p = bvec_kmap_local((struct bio_vec *)bv);
	int r = crypto_shash_update(desc, p + from, bytes);

	kunmap_local(p);
	return r;
}

int ms_buf_sha256(struct crypto_shash *hash, const struct ms_buf *b, u32 from, u32 bytes,
		  u8 *digest)
{
	SHASH_DESC_ON_STACK(desc, hash);
	u32 i, n;
	int r;

	desc->tfm = hash;
	r = crypto_shash_init(desc);
	for (i = 0; !r && bytes && i < b->nr; i++) {
		if (from >= b->bv[i].bv_len) {
			from -= b->bv[i].bv_len;
			continue;
		}
		n = min(bytes, b->bv[i].bv_len - from);
		r = add_piece(desc, &b->bv[i], from, n);
		bytes -= n;
		from = 0;
	}
	if (!r)
		r = bytes ? -EINVAL : crypto_shash_final(desc, digest);
	shash_desc_zero(desc);
	return r;
}
