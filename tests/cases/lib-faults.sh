# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Allocations that fail, in the module alone: for cases with the header "kernel: debug".
# Sourced by a case after lib.sh.
#
#   faults_on failslab|fail_page_alloc PERCENT     of what the module asks for
#   calls >FILE         the module's calls for memory, a line each: ADDRESS CALLER CALLEE
#   calls_of COMMAND... >FILE      which of them it comes to
#   fault_at failslab|fail_page_alloc ADDRESS      one only, in the call that returns to there
#   fault_came          did it?
#   refuse_each COMMAND...         once for each of its calls for memory, with that one refused: $came were
#   refuse_new COMMAND...          but for those that were refused before
#   is SITE KEY VALUE   the same as field tells, also while memory is short
#   faults_off
#   requests_fail PERCENT DEVICE...    what anybody asks of these disks: reads, writes and flushes
#   requests_work
#   faults_told         which of the module's functions were refused objects since the first faults_on

FAULTS=/sys/kernel/debug

# The addresses of the module's text, first and last, and those of the kernel's function that
# makes caches: where that fails the kernel itself prints a trace and leaks the cache's
# name. In one pass, as the list is long and that kernel slow.
text_ranges()
{
	local from
	cp /proc/kallsyms "$LAB/kallsyms"
	from=$(awk '$3 == "kmem_cache_create_usercopy" { print $1; exit }' "$LAB/kallsyms")
	awk -v from="$from" '
		/ [tT] .*\[dm_mirsync\]/ {
			if (!first || $1 < first) first = $1
			if ($1 > last) last = $1
		}
		$1 > from && (!next_one || $1 < next_one) { next_one = $1 }
		END { print "0x" first, "0x" substr(last, 1, 13) "fff", "0x" from, "0x" next_one }
	' "$LAB/kallsyms"
}

REFUSED=/sys/kernel/tracing/instances/refused

# Keeps a trace of each object that was asked for and not given.
watch_refused()
{
	mkdir "$REFUSED"
	echo 4096 >"$REFUSED/buffer_size_kb"
	echo 1 >"$REFUSED/options/stacktrace"
	echo 'ptr == 0' >"$REFUSED/events/kmem/kmalloc/filter"
	echo 1 >"$REFUSED/events/kmem/kmalloc/enable"
}

# The innermost function of the module's on each stack, and how often.
faults_told()
{
	note "functions that were refused objects:"
	awk 'FNR == NR { if ($4 == "[dm_mirsync]") mine[$3] = 1; next }
		/ kmalloc: / { looking = 1 }
		looking && $1 == "=>" && $2 in mine { times[$2]++; looking = 0 }
		END { for (name in times) printf "%6d %s\n", times[name], name }' \
		"$LAB/kallsyms" "$REFUSED/trace" | sort -k 2
	rmdir "$REFUSED"
}

# calls_of COMMAND...: the module's calls for memory that this comes to: address, caller, callee.
calls_of()
{
	local trace=/sys/kernel/tracing/instances/calls
	mkdir "$trace"
	echo 32768 >"$trace/buffer_size_kb"
	echo 1 >"$trace/options/stacktrace"
	echo 1 >"$trace/options/sym-addr"
	echo 1 >"$trace/events/kmem/kmalloc/enable"
	echo 1 >"$trace/events/kmem/mm_page_alloc/enable"
	"$@"
	echo 0 >"$trace/tracing_on"
	grep -o '<ffffffff[0-9a-f]*>' "$trace/trace" | tr -d '<>' | sort -u >"$LAB/seen"
	rmdir "$trace"
	awk 'FNR == NR { seen["0x" $1] = 1; next } $1 in seen' "$LAB/seen" <(calls)
}

# All of them.
calls()
{
	"$TOP/tests/cases/allocations.py" "$TOP/build/$(uname -r)/dm-mirsync.ko" \
		"$(</sys/module/dm_mirsync/sections/.text)"
}

# Only what has the module's text on its stack; also what may wait. Of the slabs only those
# of kmalloc, which the guest was booted with (qemu/vm): the kernel's own checkers would
# switch themselves off.
faults_on()
{
	local first last
	ranges_known
	read -r first last _ <"$LAB/ranges"
	faults "$1" "$2" -1 "$first" "$last"
	note "$1: $2 %"
}

fault_at()
{
	ranges_known
	faults "$1" 100 1 "$2" "$(printf '0x%x' $(($2 + 1)))"
}

fault_came()
{
	[ "$(<"$FAULTS/$KIND/times")" = 0 ]
}

refuse_each()
{
	calls_of "$@" >"$LAB/calls"
	refuse_listed "$@"
}

refuse_new()
{
	calls_of "$@" | grep -vwFf "$LAB/refused" >"$LAB/calls"
	refuse_listed "$@"
}

refuse_listed()
{
	local address caller callee
	came=0
	while read -r -u 9 address caller callee; do
		fault_at "$KIND" "$address"
		"$@"
		! fault_came || {
			came=$((came + 1))
			echo "$address" >>"$LAB/refused"
			note "$callee by $caller"
		}
		faults_off
	done 9<"$LAB/calls"
	note "$*: $came of $(wc -l <"$LAB/calls") calls were refused"
}

# The status is not always told while memory is short.
is()
{
	[ "$(field "$1" "$2" 2>/dev/null)" = "$3" ]
}

ranges_known()
{
	[ ! -e "$LAB/ranges" ] || return 0
	text_ranges >"$LAB/ranges"
	watch_refused
}

faults() # KIND PERCENT TIMES FIRST LAST
{
	local dir=$FAULTS/$1 reject_first reject_last
	read -r _ _ reject_first reject_last <"$LAB/ranges"
	echo 0 >"$dir/probability"
	echo "$4" >"$dir/require-start"
	echo "$5" >"$dir/require-end"
	echo "$reject_first" >"$dir/reject-start"
	echo "$reject_last" >"$dir/reject-end"
	echo 32 >"$dir/stacktrace-depth"
	echo N >"$dir/task-filter"
	echo N >"$dir/ignore-gfp-wait"
	echo 0 >"$dir/verbose"
	echo 1 >"$dir/interval"
	echo "$3" >"$dir/times"
	echo 0 >"$dir/space"
	if [ "$1" = failslab ]; then
		echo Y >"$dir/cache-filter"
	else
		echo N >"$dir/ignore-gfp-highmem"
		echo 0 >"$dir/min-order"
		# A checker that cannot get memory would be a report of its own.
		{ echo off >"$FAULTS/kmemleak"; } 2>/dev/null || true	# it is off already
	fi
	echo "$2" >"$dir/probability"
}

requests_fail()
{
	local dir=$FAULTS/fail_make_request percent=$1 device
	shift
	requests_work
	for device; do
		echo 1 >"/sys/block/${device#/dev/}/make-it-fail"
	done
	echo N >"$dir/task-filter"
	echo 0 >"$dir/stacktrace-depth"
	echo 0 >"$dir/verbose"
	echo 1 >"$dir/interval"
	echo -1 >"$dir/times"
	echo 0 >"$dir/space"
	echo "$percent" >"$dir/probability"
	note "requests to $* fail: $percent %"
}

requests_work()
{
	local file
	echo 0 >"$FAULTS/fail_make_request/probability"
	for file in /sys/block/*/make-it-fail; do
		echo 0 >"$file"
	done
}

faults_off()
{
	echo 0 >"$FAULTS/failslab/probability"
	echo 0 >"$FAULTS/fail_page_alloc/probability"
}
