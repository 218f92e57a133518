#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What dmsetup table prints makes the same volume again; the same table can be loaded
# under load; dmsetup wait wakes up on a change of state.
# scenario: 23
# timeout: 300
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

events() { dmsetup info -c --noheadings -o events "vol$1"; }

lab_sites
format_both
vol_create b secondary timeout 5000
vol_create a primary timeout 5000
wait_insync a
put /dev/mapper/vola 0 4096

a=$(dmsetup table vola) b=$(dmsetup table volb)
[[ $a == "0 65536 mirsync primary 7:"*" 10.77.0.1:7788 10.77.0.2:7788 3 noauth timeout 5000" ]] || fail "$a"
vol_remove a b
in_site b dmsetup create volb --table "$b"
in_site a dmsetup create vola --table "$a"
wait_insync a
[ "$(dmsetup table vola)" = "$a" ] || fail "not the same table: $(dmsetup table vola)"
[ "$(dmsetup table volb)" = "$b" ] || fail "not the same table: $(dmsetup table volb)"

fio_load_start /dev/mapper/vola
for i in 1 2 3; do
	for site in a b; do
		in_site "$site" dmsetup reload "vol$site" --table "${!site}"
		dmsetup resume "vol$site"
	done
	nap 0.5
done
fio_load_stop
wait_insync a
[ "$(dmsetup table vola)" = "$a" ] || fail "not the same table after reload: $(dmsetup table vola)"
expect_fail in_site a dmsetup reload vola --table "${a/7788/7789}"
[[ $REASON == *address* ]] || fail "another address by reload: $REASON"

# Options that may change do so by message and by reload, from the resume on; others are refused.
msg a set generator_rate 1024
[ "$(dmsetup table vola)" = "${a/3 noauth/5 noauth} generator_rate 1024" ] || fail "after set: $(dmsetup table vola)"
for bad in 'generator_rate 1' 'generator_rate' 'generator_rate x' 'speed 1' 'timeout 5000' ''; do
	# shellcheck disable=SC2086 # words
	if dmsetup message vola 0 set $bad 2>/dev/null; then fail "taken: set $bad"; fi
	[[ $(dmsetup message vola 0 explain) == *[!\ ]* ]] || fail "no word about: set $bad"
done
in_site a dmsetup reload vola --table "${a/3 noauth/5 noauth} generator_rate 2048"
[[ $(dmsetup table vola) == *' generator_rate 1024' ]] || fail "before the resume: $(dmsetup table vola)"
[[ $(dmsetup table --inactive vola) == *' generator_rate 2048' ]] || fail "inactive: $(dmsetup table --inactive vola)"
dmsetup resume vola
[[ $(dmsetup table vola) == *' generator_rate 2048' ]] || fail "after the resume: $(dmsetup table vola)"
msg a set generator_rate 0
dmsetup suspend vola
dmsetup resume vola
[ "$(dmsetup table vola)" = "$a" ] || fail "after set and resume: $(dmsetup table vola)"
expect_fail in_site a dmsetup reload vola --table "${a/timeout 5000/timeout 6000}"
[[ $REASON == *option* ]] || fail "another time-out by reload: $REASON"
wait_insync a

# Each change of state is an event; the number before it tells which one was waited for.
for change in cut_link heal_link; do
	n=$(events a)
	timeout 60 dmsetup wait --noflush vola "$n" &
	waiter=$!
	nap 0.5
	kill -0 "$waiter" || fail "dmsetup wait returned before anything happened"
	"$change"
	wait "$waiter" || fail "dmsetup wait did not wake up after $change"
	[ "$(events a)" -gt "$n" ] || fail "the event number did not grow"
done
wait_insync a
