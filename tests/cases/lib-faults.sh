# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Allocations that fail, in the module alone: for cases with the header "kernel: debug".
# Sourced by a case after lib.sh.
#
#   faults_on failslab|fail_page_alloc PERCENT     of what the module asks for
#   faults_off

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

# Only what has the module's text on its stack; also what may wait. Of the slabs only those
# of kmalloc, which the guest was booted with (qemu/vm): the kernel's own checkers would
# switch themselves off.
faults_on()
{
	local dir=$FAULTS/$1 first last reject_first reject_last
	[ -e "$LAB/ranges" ] || text_ranges >"$LAB/ranges"
	read -r first last reject_first reject_last <"$LAB/ranges"
	echo "$first" >"$dir/require-start"
	echo "$last" >"$dir/require-end"
	echo "$reject_first" >"$dir/reject-start"
	echo "$reject_last" >"$dir/reject-end"
	echo 32 >"$dir/stacktrace-depth"
	echo N >"$dir/task-filter"
	echo N >"$dir/ignore-gfp-wait"
	echo 0 >"$dir/verbose"
	echo 1 >"$dir/interval"
	echo -1 >"$dir/times"
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
	note "$1: $2 %"
}

faults_off()
{
	echo 0 >"$FAULTS/failslab/probability"
	echo 0 >"$FAULTS/fail_page_alloc/probability"
}
