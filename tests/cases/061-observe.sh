#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# debugfs and tracepoints tell of the life of writes: the counters of both sites agree, the
# histograms count each write once per stage, a write is traced from the bio to its end, and a
# resync with what it found and the runs it copied it in. Renaming the device does not disturb that; the files go with the
# volume, also under readers and with one held open.
# timeout: 600
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"
. "$(dirname "$0")/lib-watch.sh"

TRACE=/sys/kernel/tracing/instances/mirsync

stage() # SITE STAGE: its count, after comparing it with the sum of its buckets
{
	awk -v stage="$2" '$1 == stage { for (i = 4; i <= NF; i++) sum += $i; print $2; exit sum != $2 }' \
		"$(debug_file "$1" latency)" || fail "the buckets of $2 are not its count"
}

same() # TEXT A B
{
	[ "$2" = "$3" ] || fail "$1: $2 and $3"
}

traced() # EVENT REGEX
{
	grep -qE "mirsync_$1: .*$2" "$LAB/trace" || fail "not traced: $1 $2: $(grep -c "mirsync_$1" "$LAB/trace") of them"
}

lab_sites
mkdir "$TRACE"
echo 1 >"$TRACE/events/mirsync/enable"
format_both
put "${DATA[a]}" 0 512 9
vol_create b secondary
vol_create a primary
wait_insync a
cat "$TRACE/trace" >"$LAB/trace"
traced session_up 'session=1'
traced meeting 'source scope=all'
traced resync_begin 'candidates=[1-9]'
traced resync_extent 'extent=0 asked=[0-9]+ equal=[0-9]+ differ=128'
traced resync_run 'extent=0 sector=0\+[0-9]+ status=0'
traced write_confirmed 'copy write sector=0\+[0-9]+ .*status=0'
traced resync_end 'status=0 equal=[0-9]+ differ=128 copied=128 left: candidates=0 marked=0'
traced state 'claim=active link=connected disk=consistent sync=in-sync meeting=source'

echo >"$TRACE/trace"
before=$(counter a writes)
peer_before=$(counter b peer_writes)
confirmed=$(counter a confirmed)
put /dev/mapper/vola 1024 1024
blkdiscard -z -o 8M -l 1M /dev/mapper/vola
cat "$TRACE/trace" >"$LAB/trace"
same "writes at a and b" $(($(counter a writes) - before)) $(($(counter b peer_writes) - peer_before))
[ $(($(counter a writes) - before)) -ge 16 ] || fail "writes: $before, now $(counter a writes)"
[ "$(counter a zeroes)" -ge 1 ] || fail "no zeroes counted"
same "shipped and confirmed" "$(counter a shipped)" "$(counter a confirmed)"
[ "$(counter a confirmed)" -gt "$confirmed" ] || fail "nothing confirmed"
same "queued" "$(counter a queued_frames) $(counter a queued_bytes)" "0 0"
for stage in wait local total peer; do
	same "stage $stage at a" "$(stage a "$stage")" $(($(counter a writes) + $(counter a zeroes)))
done
same "local at b" "$(stage b local)" $(($(counter b peer_writes) + $(counter b peer_zeroes)))
same "flushes" "$(stage a flush)" "$(counter a flushes)"
same "peer's flushes" "$(stage b flush)" "$(counter b peer_flushes)"
read_before=$(counter a reads)
sum /dev/mapper/vola 0 64 >/dev/null
[ "$(counter a reads)" -gt "$read_before" ] || fail "no read counted"

traced bio 'sector=2048\+128'
id=$(sed -nE 's/.*mirsync_write_queued: .* id=([0-9]+) app write sector=2048\+128 .*/\1/p' "$LAB/trace")
for event in queued started shipped local confirmed "done"; do
	traced "write_$event" " id=$id app write sector=2048\+128 .*status=0"
done
traced write_done 'peer write sector=2048\+128 .*status=0'
traced write_done 'app zero sector=16384\+'
traced write_done 'app flush sector=0\+0'
traced record 'added=[1-9][0-9]* total=[1-9][0-9]* status=0'

note "a cut, counted by its reason"
commands=$(counter a cut_command) sessions=$(counter a sessions)
msg a disconnect
wait_field a link disconnected
put /dev/mapper/vola 4096 64 2
echo >"$TRACE/trace"
msg a connect
wait_insync a
cat "$TRACE/trace" >"$LAB/trace"
traced resync_end 'status=0 .*copied=16 '
# Neighbours are copied together.
runs=$(grep -c 'mirsync_resync_run: .*status=0' "$LAB/trace")
[ "$runs" -le 2 ] || fail "$runs runs of 16 segments: $(grep mirsync_resync_run "$LAB/trace")"
same "disconnects" "$(counter a cut_command)" $((commands + 1))
same "sessions" "$(counter a sessions)" $((sessions + 1))
grep -qx 'link connected' "$(debug_file a session)" || fail "session: $(cat "$(debug_file a session)")"

note "renamed, and removed under readers"
folder=$(dirname "$(debug_file a session)")
dmsetup rename vola volx
grep -qx 'name volx' "$folder/session" || fail "the new name is not told"
dmsetup rename volx vola
exec 5<"$folder/counters"
(while cat "$folder/latency" "$folder/session" >/dev/null 2>&1; do :; done) &
reader=$!
vol_remove a
wait "$reader"
if cat <&5 >/dev/null 2>&1; then fail "a file of a volume that is gone can be read"; fi
exec 5<&-
[ ! -e "$folder" ] || fail "$folder is left"
vol_create a primary
wait_insync a
echo 0 >"$TRACE/events/mirsync/enable"
rmdir "$TRACE"
