# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Cases that run on the host and start guests of their own: one at a time (header "where:
# host"), or the two of tests/qemu/machines.sh ("where: machines"; only when no others run).
# Sourced by tests/run.

# run_on_host KVER CASE_FILE
run_on_host()
{
	local kver=$1 file=$2 name begin=$SECONDS r limit out try
	name=${file##*/}
	name=${name%.sh}
	out=$RESULTS/$kver/$name
	limit=$(header timeout 300 "$file")
	mkdir -p "$out"
	for try in 1 2; do
		[ "$try" = 1 ] || again "$(series "$kver")/$name" "$out/$name.log"
		r=0
		KVER=$kver OUT=$out timeout -k 15 "$limit" "$file" >"$out/$name.log" 2>&1 </dev/null 6>&- &
		running=$!
		wait "$running" || r=$?
		running=
		[ "$r" = 123 ] || break
	done
	case $r in
	0) report ok "$(series "$kver")/$name" $((SECONDS - begin)) ;;
	77) report skip "$(series "$kver")/$name" $((SECONDS - begin)) "$out/$name.log" ;;
	*)
		echo "exit status $r" >>"$out/$name.log"
		report FAIL "$(series "$kver")/$name" $((SECONDS - begin)) "$out/$name.log"
		;;
	esac
}
