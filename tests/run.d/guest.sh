# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Cases that run inside a guest, many to one boot: starts guests until each case has a
# verdict, follows what they report, and gives a verdict itself when a guest died or
# hangs. MS_SLOW multiplies all limits of time, VM_MIB is the guests' memory, VM_CPUS (1) how
# many processors they have: two, emulated, spend most of their time on waiting for each other's
# locks, and a case takes twice as long. Sourced by tests/run and tests/run-debug.

header() # KEY DEFAULT FILE
{
	local value
	value=$(sed -nE "s/^# $1: *//p" "$3" | head -n 1)
	echo "${value:-$2}"
}

series() # KVER
{
	cut -d. -f1,2 <<<"$1"
}

# Is the case among those asked for?
selected()
{
	local name=${1##*/} prefix
	[ -n "$CASES" ] || return 0
	for prefix in $CASES; do
		[[ $name != "$prefix"* ]] || return 0
	done
	return 1
}

# run_in_guests KVER DIR PREFIX CASE_FILE...: in a subshell, which takes its guest along.
run_in_guests()
{
	local kver=$1 dir=$2 prefix=$3 boot=0 idle=0
	local verdict name seconds file read_so_far current deadline begin r limit slow=${MS_SLOW:-1} repeated=
	shift 3
	local remaining=("$@")

	running=
	trap '[ -z "$running" ] || kill "$running" 2>/dev/null || true; wait' EXIT
	trap 'exit 143' TERM
	while [ ${#remaining[@]} -gt 0 ]; do
		boot=$((boot + 1))
		local out=$dir/$boot
		mkdir -p "$out"
		: >"$out/progress"
		limit=$((120 * slow))
		for file in "${remaining[@]}"; do
			limit=$((limit + ($(header timeout 400 "$file") + 60) * slow))
		done
		tests/qemu/vm -k "$kver" -n "check-$(series "$kver")" -o "$out" -t "$limit" \
			-m "${VM_MIB:-2048}" -c "${VM_CPUS:-1}" -- \
			env MS_SLOW="$slow" ${SEED:+SEED="$SEED"} ${ROUNDS:+ROUNDS="$ROUNDS"} \
			tests/qemu/run-cases "$TOP/build/$kver/dm-mirsync.ko" "${remaining[@]}" \
			>"$out/vm.log" 2>&1 </dev/null 6>&- &
		running=$!

		read_so_far=0
		current=
		local done_here=0 gone=0 why='the guest died'
		# Waiting for a place and booting has a limit of its own.
		deadline=$((SECONDS + 1800))
		while [ "$gone" = 0 ]; do
			# Look once more after the end.
			kill -0 "$running" 2>/dev/null || gone=1
			while read -r verdict name seconds; do
				read_so_far=$((read_so_far + 1))
				if [ "$verdict" = start ]; then
					current=$name
					begin=$SECONDS
					file=$(case_file "$name" "${remaining[@]}")
					deadline=$((SECONDS + ($(header timeout 400 "$file") + 90) * slow))
					continue
				fi
				report "$verdict" "$prefix$name" "$seconds" "$out/$name.log"
				current=
				done_here=$((done_here + 1))
				deadline=$((SECONDS + 120 * slow))
			done < <(tail -n +$((read_so_far + 1)) "$out/progress")
			if [ "$SECONDS" -ge "$deadline" ]; then
				why='the guest hangs'
				kill "$running" 2>/dev/null || true
				deadline=$((SECONDS + 60))
			fi
			[ "$gone" = 1 ] || sleep 0.3
		done
		r=0
		wait "$running" || r=$?
		running=

		if [ "$r" = 123 ] && [ "$repeated" != "${remaining[done_here]-}" ]; then
			repeated=${remaining[done_here]}
			again "$prefix${current:-boot}" "$out/vm.log"
			remaining=("${remaining[@]:$done_here}")
			continue
		fi
		if [ -n "$current" ]; then
			{
				echo "$why (status $r); what its machine said, and its console:"
				cat "$out/vm.log"
				tail -n 60 "$out/console.log"
			} >>"$out/$current.log"
			report FAIL "$prefix$current" $((SECONDS - begin)) "$out/$current.log"
			done_here=$((done_here + 1))
		fi
		if [ "$done_here" = 0 ]; then
			idle=$((idle + 1))
			if [ "$idle" -ge 2 ]; then
				cat "$out/vm.log" "$out/console.log" >"$out/boot.log" 2>/dev/null || true
				report FAIL "${prefix}boot" 0 "$out/boot.log"
				return 0
			fi
		fi
		remaining=("${remaining[@]:$done_here}")
	done
}

case_file() # NAME FILE...
{
	local name=$1 file
	shift
	for file in "$@"; do
		[ "${file##*/}" != "$name.sh" ] || echo "$file"
	done
}

# The harness must see what it is there to see: each case of tests/qemu/selftest says in
# its header which verdict it has to get. They are dealt out to the kernels, one boot each;
# those with the header "slow: yes" run only when SELFTEST=all.
selftest() # KVER...
{
	local begin=$SECONDS file i=0 pids=() expected verdict bad=0
	local -A hand=()
	for file in tests/qemu/selftest/*.sh; do
		[ "$(header slow no "$file")" = no ] || [ "${SELFTEST-}" = all ] || continue
		i=$((i % $# + 1))
		hand[$i]+=" $TOP/$file"
	done
	for i in "${!hand[@]}"; do
		# shellcheck disable=SC2086 # a list
		TALLY=$RESULTS/selftest.$i run_in_guests "${!i}" "$RESULTS/selftest-$i" '' ${hand[$i]} \
			>"$RESULTS/selftest.$i.log" &
		pids+=($!)
	done
	wait "${pids[@]}" || bad=1
	for i in "${!hand[@]}"; do
		for file in ${hand[$i]}; do
			expected=$(header expect ok "$file")
			verdict=$(sed -n "s/ $(basename "$file" .sh)\$//p" "$RESULTS/selftest.$i")
			if [ "$verdict" != "$expected" ]; then
				echo "$file: '$verdict' instead of '$expected'" >>"$RESULTS/selftest.log"
				cat "$RESULTS/selftest.$i.log" >>"$RESULTS/selftest.log"
				bad=1
			fi
		done
	done
	if [ "$bad" = 0 ]; then
		report ok harness-selftest $((SECONDS - begin))
	else
		report FAIL harness-selftest $((SECONDS - begin)) "$RESULTS/selftest.log"
	fi
}
