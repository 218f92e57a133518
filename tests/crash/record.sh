#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Records a run, inside a guest: both sites' devices are on the four disks of disks.c, a
# load writes to the primary, and the link goes and comes. What it leaves is the tape,
# /run/vm/tape, also when it fails. With /run/vm/life, a tape and the disks as a power cut
# left them, it goes on from there: recovery, resync and a new load are recorded. Started by
# tests/crash/run like a case, with
#
#   CRASH_MODULE, CRASH_PARAMETERS    the module to load, and how
#   CRASH_SEED, CRASH_SECONDS         of the load
#   CRASH_OPTIONS                     options of both volumes
#   CRASH_ERRORS                      one write of so many fails at the primary's data disk; 0: none
#
# Everything random here follows from the seed, but for how the threads of the kernel and of
# the load happen to run.
# module: no
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
COMPARE=no CHECK=no
. "$(dirname "$0")/../cases/lib.sh"

# A little more than 22 extents, the last segment not a whole one; 16 of them can be hot.
DATA_SECTORS=84755
META_SECTORS=1024
TAPE=/dev/shm/tape
LIFE=/run/vm/life
RANDOM=$((CRASH_SEED % 32768))

disks_start()
{
	local end=$((SECONDS + 120))
	modprobe nbd nbds_max=4 max_part=0
	mount -o remount,size=75% /dev/shm
	rm -f "$TAPE"
	if [ -d "$LIFE" ]; then
		cp "$LIFE/tape" "$TAPE"
		"$TOP/build/crash/disks" -c "$TAPE" 1800 "$CRASH_SEED" "$CRASH_ERRORS" \
			"$LIFE"/{a.data,a.meta,b.data,b.meta} >/dev/null &
	else
		"$TOP/build/crash/disks" "$TAPE" 1800 "$CRASH_SEED" "$CRASH_ERRORS" \
			$DATA_SECTORS $META_SECTORS $DATA_SECTORS $META_SECTORS >/dev/null &
	fi
	until [ "$(blockdev --getsz /dev/nbd3 2>/dev/null)" = $META_SECTORS ]; do
		[ "$SECONDS" -lt "$end" ] || fail "the disks do not come up"
		nap 0.1
	done
}

# In place of the one in lib.sh.
lab_disk() # SITE.KIND
{
	local -A device=([a.data]=0 [a.meta]=1 [b.data]=2 [b.meta]=3)
	echo "/dev/nbd${device[$1]}"
}

keep_tape()
{
	local r=$? used
	used=$(od -An -tu8 -j8 -N8 "$TAPE")
	note "tape: $((used >> 20)) MiB"
	head -c "$used" "$TAPE" >/run/vm/tape
	return "$r"
}

tape_mark()
{
	note "mark: $*"
	"$TOP/build/crash/load" -m "$TAPE" "$*"
}

# pause LOW HIGH: that many tenths of a second.
pause()
{
	local tenths=$(($1 + RANDOM % ($2 - $1)))
	sleep "$((tenths / 10)).$((tenths % 10))"
}

# stack KIND TARGET: what B's disk of that kind is: "linear" for the disk, or "error".
stack()
{
	local sectors lower=${below[$1]}
	sectors=$(blockdev --getsz "$lower")
	case $2 in
	linear) echo "0 $sectors linear $lower 0" ;;
	error) echo "0 $sectors error" ;;
	esac
}

exchange() # KIND TARGET
{
	dmsetup reload "b.$1" --table "$(stack "$1" "$2")"
	dmsetup suspend --nolockfs --noflush "b.$1"
	dmsetup resume "b.$1"
}

# The kernel of B is gone at an instant and comes again, and its disks keep their power all
# the while: what their caches hold is read, and lost in a power cut afterwards (I2b). The
# link goes first, then the metadata: a flush of a device that only gives errors succeeds, and
# of that nobody may be told, and on that no extent may cool.
panic()
{
	local kind
	tape_mark "panic"
	cut_link
	for kind in meta data; do
		exchange "$kind" error
	done
	vol_remove b
	for kind in data meta; do
		exchange "$kind" linear
	done
	heal_link
	# shellcheck disable=SC2086 # words
	vol_create b secondary timeout 2000 ${CRASH_OPTIONS-}
	tape_mark "up again"
}

# The link goes and comes until the load is over, and so does the secondary: in turn, so that
# a short run too has all of it; the cut, without which no site goes on alone, comes first
# and is longer than it takes to be noticed.
changes() # PID
{
	local n=1
	while kill -0 "$1" 2>/dev/null; do
		pause 15 60
		case $((n++ % 3)) in
		0)
			panic
			;;
		1)
			tape_mark "cut"
			cut_link
			pause 25 45
			heal_link
			tape_mark "healed"
			;;
		2)
			tape_mark "disconnect"
			msg a disconnect || true
			pause 3 20
			msg a connect || true
			tape_mark "connect"
			;;
		esac
	done
}

dependencies=$(modinfo -F depends "$CRASH_MODULE")
# shellcheck disable=SC2086 # lists
{
	modprobe -a ${dependencies//,/ }
	insmod "$CRASH_MODULE" ${CRASH_PARAMETERS-}
}
disks_start
lab_sites
trap 'keep_tape; lab_exit' EXIT
declare -A below=([data]=${DATA[b]} [meta]=${META[b]})
for kind in data meta; do
	dmsetup create "b.$kind" --table "$(stack "$kind" linear)"
done
DATA[b]=/dev/mapper/b.data META[b]=/dev/mapper/b.meta
[ -d "$LIFE" ] || format_both --max-hot 16
# shellcheck disable=SC2086 # words
{
	vol_create b secondary timeout 2000 ${CRASH_OPTIONS-}
	vol_create a primary timeout 2000 ${CRASH_OPTIONS-}
}
if [ -d "$LIFE" ]; then
	wait_field a claim active
	tape_mark "active"
	# Until then what they suspected is in their memory, and perhaps nowhere else.
	{ wait_field a sync in-sync 120 && tape_mark "settled"; } &
else
	wait_insync a
	tape_mark "in-sync"
fi
[[ ${CRASH_OPTIONS-} != *"mode async"* ]] || tape_mark "async"
"$TOP/build/crash/load" /dev/mapper/vola "$TAPE" "$CRASH_SEED" "$CRASH_SECONDS" 12 &
load=$!
changes $load
wait $load
tape_mark "over"
heal_link
msg a connect || true
# With a fault switched on it may never come to that.
patience=120
[[ ${CRASH_PARAMETERS-} != *mutant=[1-9]* ]] || patience=20
wait_insync a "$patience"
tape_mark "in-sync-again"
note "$(dmsetup status vola)"
vol_remove a b
tape_mark "removed"
