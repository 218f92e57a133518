#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Sites with the same key find each other, over IPv4 and IPv6; with another key, or with a
# key at one site only, both refuse and say so, and no data is served or changed. The key
# itself is in no table.
# scenario: 20
# timeout: 360
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

key() { keyctl add "$1" "mirsync:$2" "$3" @u >/dev/null; }

no_agreement() # PATTERN
{
	wait_log "mirsync: vol[ab]: .*($1)"
	[ "$(field a link)" = connecting ] || fail "a: $(field a link)"
	if dd if=/dev/zero of=/dev/mapper/vola bs=4k count=1 oflag=direct 2>/dev/null; then fail "a serves writes"; fi
	vol_remove a b
	log_mark
}

lab_sites
format_both
key logon a 0123456789abcdef0123456789abcdef
key user b 0123456789abcdef0123456789abcdef
key logon other 0123456789abcdef0123456789abcdeF

vol_create b secondary key :32:logon:mirsync:other
vol_create a primary key :32:logon:mirsync:a
no_agreement 'authentication failed|keys differ'
vol_create b secondary
vol_create a primary key :32:logon:mirsync:a
no_agreement 'a key is needed|wants a key'
vol_create b secondary key :32:logon:mirsync:a
vol_create a primary
no_agreement 'a key is needed|wants a key'

vol_create b secondary key :32:user:mirsync:b
vol_create a primary key :32:logon:mirsync:a
wait_insync a
kernel_log | grep 'mirsync: vola: connected with .*authenticated' || fail "not authenticated"
put /dev/mapper/vola 0 4096
if dmsetup table --showkeys | grep 0123456789; then fail "the key is in the table"; fi
table=$(dmsetup table vola)
vol_remove a
in_site a dmsetup create vola --table "$table"
wait_insync a
vol_remove a b

modprobe ipv6	# "ip" does not load it
ip -n sitea address add fd77::1/64 dev veth0 nodad
ip -n siteb address add fd77::2/64 dev veth0 nodad
ADDRESS=([a]='[fd77::1]' [b]='[fd77::2]')
vol_create b secondary key :32:user:mirsync:b
vol_create a primary key :32:logon:mirsync:a
wait_insync a
put /dev/mapper/vola 4096 4096 2
[[ $(dmsetup table vola) == *' [fd77::1]:7788 [fd77::2]:7788 2 key :32:logon:mirsync:a' ]] || fail "$(dmsetup table vola)"
