# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Allocations that fail, in the module alone: for cases with the header "kernel: debug".
# Sourced by a case after lib.sh.
#
#   faults_on failslab|fail_page_alloc PERCENT     of what the module asks for
#   faults_off

FAULTS=/sys/kernel/debug

# Only what has the module's text on its stack; also what may wait. Of the slabs only those
# of kmalloc: the kernel's own checkers would switch themselves off.
faults_on()
{
	local dir=$FAULTS/$1 first last file
	first=0x$(awk '/ [tT] .*\[dm_mirsync\]/ { print $1 }' /proc/kallsyms | sort | head -n 1)
	last=0x$(awk '/ [tT] .*\[dm_mirsync\]/ { print $1 }' /proc/kallsyms | sort | tail -n 1)
	echo $((first)) >"$dir/require-start"
	printf '%u\n' $((last + 4096)) >"$dir/require-end"
	echo 32 >"$dir/stacktrace-depth"
	echo N >"$dir/task-filter"
	echo N >"$dir/ignore-gfp-wait"
	echo 0 >"$dir/verbose"
	echo 1 >"$dir/interval"
	echo -1 >"$dir/times"
	echo 0 >"$dir/space"
	if [ "$1" = failslab ]; then
		echo Y >"$dir/cache-filter"
		for file in /sys/kernel/slab/kmalloc-*/failslab; do
			echo 1 >"$file"
		done
	else
		echo N >"$dir/ignore-gfp-highmem"
		echo 0 >"$dir/min-order"
		# A checker that cannot get memory would be a report of its own.
		echo off >"$FAULTS/kmemleak"
	fi
	echo "$2" >"$dir/probability"
	note "$1: $2 %"
}

faults_off()
{
	echo 0 >"$FAULTS/failslab/probability"
	echo 0 >"$FAULTS/fail_page_alloc/probability"
}
