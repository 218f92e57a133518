// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proof that both sites have the same key: HMAC-SHA256 over the side of the
 * connection, the sender's hello and the receiver's hello. Each hello has a
 * fresh random nonce, so that nothing recorded can be used again; the label
 * and the order of the hellos keep a site's own proof from being sent back to
 * it. Called by the session thread only; no locking.
 */
#include <crypto/algapi.h>
#include <crypto/hash.h>

#include "service/net_internal.h"

static const u8 label_initiator[] = "mirsync-I";
static const u8 label_responder[] = "mirsync-R";
static_assert(sizeof(label_initiator) == sizeof(label_responder));

int ms_auth_create(struct ms_net *n, const u8 *key, u32 key_len)
{
	struct crypto_shash *tfm;
	int r;

	if (!key)
		return 0;
	if (!key_len)
		return -EINVAL;
	tfm = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	r = crypto_shash_digestsize(tfm) == MS_MAC ? 0 : -EINVAL;
	if (!r)
		r = crypto_shash_setkey(tfm, key, key_len);
	if (r) {
		crypto_free_shash(tfm);
		return r;
	}
	n->hmac = tfm;
	return 0;
}

void ms_auth_destroy(struct ms_net *n)
{
	if (n->hmac)
		crypto_free_shash(n->hmac);	/* wipes the key */
}

int ms_auth_mac(struct ms_net *n, const struct ms_hello *from,
		const struct ms_hello *to, struct ms_auth *auth)
{
	SHASH_DESC_ON_STACK(desc, n->hmac);
	int r;

	desc->tfm = n->hmac;
	r = crypto_shash_init(desc);
	if (!r)
		r = crypto_shash_update(desc, from->initiator ? label_initiator : label_responder,
					sizeof(label_initiator));
	if (!r)
		r = crypto_shash_update(desc, (const u8 *)from, sizeof(*from));
	if (!r)
		r = crypto_shash_finup(desc, (const u8 *)to, sizeof(*to), auth->mac);
	shash_desc_zero(desc);
	return r;
}

int ms_auth_check(struct ms_net *n, const struct ms_hello *from,
		  const struct ms_hello *to, const struct ms_auth *auth)
{
	struct ms_auth want;
	int r;

	r = ms_auth_mac(n, from, to, &want);
	if (!r && crypto_memneq(want.mac, auth->mac, MS_MAC))
		r = -EKEYREJECTED;
	memzero_explicit(&want, sizeof(want));
	return r;
}
