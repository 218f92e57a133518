#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What dmsetup table prints makes the same volume again; tables with other options can be loaded
# under load, and are in force then; dmsetup wait wakes up on a change of state.
# scenario: 23
# timeout: 300
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=32 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# with TABLE OPTION...: the table with these options besides.
with()
{
	local table=$1
	shift
	echo "${table/3 noauth/$((3 + $#)) noauth}${*:+ $*}"
}

# reload SITE TABLE
reload()
{
	in_site "$1" dmsetup reload "vol$1" --table "$2"
	dmsetup resume "vol$1"
	[ "$(dmsetup table "vol$1")" = "$2" ] || fail "not the table that was loaded: $(dmsetup table "vol$1")"
}

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
for options in 'generator_rate 1024 resync_rate_min 8192 mode async async_queue 256 link_lost freeze' \
	'resync_rate_max 65536 queue_full detach disk_timeout 60000 disk_error peer' ''; do
	note "reload: ${options:-none}"
	for site in a b; do
		# shellcheck disable=SC2086 # words
		reload "$site" "$(with "${!site}" $options)"
	done
	wait_insync a
	epochs=$(field a epochs)
	if [[ $options == *async* ]]; then
		[ "$(field a mode)" = async ] || fail "mode $(field a mode)"
		wait_field a epochs "!($epochs)"
		queued=$(field a queued_bytes)
		[ "$queued" -le $((384 << 10)) ] || fail "queued: $queued"
	else
		[ "$(field a mode)" = sync ] || fail "mode $(field a mode)"
		nap 0.5
		[ "$(field a epochs)" = "$epochs" ] || fail "epochs in mode sync"
	fi
done
fio_load_stop
wait_insync a
[ "$(dmsetup table vola)" = "$a" ] || fail "not the same table after reload: $(dmsetup table vola)"
expect_fail in_site a dmsetup reload vola --table "${a/7788/7789}"
[[ $REASON == *address* ]] || fail "another address by reload: $REASON"

# Options that may change do so by message and by reload, from the resume on; others are refused.
msg a set generator_rate 1024
[ "$(dmsetup table vola)" = "$(with "$a" generator_rate 1024)" ] || fail "after set: $(dmsetup table vola)"
for bad in 'generator_rate 1' 'generator_rate' 'generator_rate x' 'speed 1' 'timeout 5000' ''; do
	# shellcheck disable=SC2086 # words
	if dmsetup message vola 0 set $bad 2>/dev/null; then fail "taken: set $bad"; fi
	[[ $(dmsetup message vola 0 explain) == *[!\ ]* ]] || fail "no word about: set $bad"
done
in_site a dmsetup reload vola --table "$(with "$a" generator_rate 2048)"
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
