# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Looking at a volume from outside: events, debugfs, tracepoints. Sourced by a case after
# lib.sh.

# debug_file SITE NAME: the path of a file of the volume's in debugfs.
debug_file()
{
	echo "/sys/kernel/debug/mirsync/$(dmsetup info -c --noheadings -o blkdevname "vol$1")/$2"
}

# counter SITE NAME
counter()
{
	awk -v name="$2" '$1 == name { print $2; found = 1 } END { exit !found }' "$(debug_file "$1" counters)" ||
		fail "no counter $2"
}

# event_field SITE KEY PATTERN: as wait_field, but looks only when an event has come, so that a
# change without one is not seen.
event_field()
{
	local nr value
	shopt -s extglob
	while :; do
		nr=$(dmsetup info -c --noheadings -o events "vol$1")
		value=$(field "$1" "$2")
		# shellcheck disable=SC2053 # a pattern
		[[ $value == $3 ]] && return 0
		timeout 60 dmsetup wait --noflush "vol$1" "$nr" >"$LAB/wait" ||
			fail "vol$1: no event: $2 is '$value', not '$3'; now: $(field "$1" "$2")"
	done
}

# wait_line FILE PATTERN [SECONDS]: until a line of the file matches the regular expression.
wait_line()
{
	local end
	end=$((SECONDS + $(limit "${3:-60}")))
	until grep -qE "$2" "$1"; do
		[ "$SECONDS" -lt "$end" ] || fail "no line like '$2' in $1: $(tail -n 3 "$1")"
		nap 0.2
	done
}

# wait_log PATTERN: until a line of the kernel log behind the mark matches the regular expression.
wait_log()
{
	wait_until log_says "$1"
}

log_says()
{
	kernel_log | grep -E "$1"
}

# watch_uevents: keeps them from now on.
watch_uevents()
{
	udevadm monitor --udev --property --subsystem-match=misc >"$LAB/uevents" &
	udevadm monitor --kernel --property --subsystem-match=block >"$LAB/block" &
	sleep 1
}

# told SITE KEY=VALUE...: waits for a uevent that says all of that.
told()
{
	wait_until says "$@"
}

says() # SITE KEY=VALUE...
{
	awk -v RS= -v name="MIRSYNC_NAME=vol$1" -v want="${*:2}" '
		BEGIN { n = split(want, w, " ") }
		index($0 "\n", name "\n") {
			for (i = 1; i <= n && index($0 "\n", "MIRSYNC_" w[i] "\n"); i++);
			if (i > n)
				found = 1
		}
		END { exit !found }' "$LAB/uevents"
}

# None of them came without a change, and none was the dm device's.
uevents_sound()
{
	if grep MIRSYNC "$LAB/block"; then fail "the dm device has the event"; fi
	awk -v RS= '/MIRSYNC/ { gsub(/(SEQNUM|USEC_INITIALIZED)=[0-9]+|UDEV *\[[^\n]*/, ""); split($0, w, "MIRSYNC_DEVICE=")
		d = substr(w[2], 1, index(w[2], "\n")); if (last[d] == $0) { print "twice: " $0; exit 1 } last[d] = $0 }' "$LAB/uevents" ||
		fail "a uevent without a change"
}
