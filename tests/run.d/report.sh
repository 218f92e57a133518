# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# The runner's words: one line per test, the end of a failed one's log, the summary, and
# the tally (a file, since the kernels' cases run side by side). Sourced by tests/run.

# What begins the line in a case's log that says why it failed.
reason='FAILED: |^(time limit|exit status|the kernel|the module cannot|cannot be killed|dm devices left)'

tally() # ok|FAIL|skip NAME
{
	echo "$1 $2" >>"$TALLY"
}

# Of one that passed, the figures it gave (`figure` in tests/cases/lib.sh).
# The whole of it at once, so that two kernels' reports do not mix.
report() # ok|FAIL|skip NAME SECONDS [LOG]
{
	local text="$1 $2 ($3 s)" figures
	if [ "$1" = FAIL ] && [ -r "${4-}" ]; then
		# Once more at the very end: what is kept of a long output is its end.
		grep -E "$reason" "$4" | tail -n 15 | sed "s|^|    $2: |" >>"$TALLY.reasons" || true
		text+=$'\n'$(tail -n "${LOG_LINES:-80}" "$4" | sed 's/^/    /')
		text+=$'\n'"    (all of it: ${4#"$TOP/"})"
	elif [ "$1" = ok ] && [ -r "${4-}" ]; then
		figures=$(sed -n 's/^figure: /    /p' "$4")
		text+=${figures:+$'\n'$figures}
	elif [ "$1" = skip ] && [ -r "${4-}" ]; then
		text+=$'\n'$(grep -m 1 'skipped:' "$4" | sed 's/^/    /' || true)
	fi
	printf '%s\n' "$text"
	tally "$1" "$2"
}

# The end of a guest was the emulator's own fault (status 123 of tests/qemu/vm), which says nothing about
# what ran in it: that is done once more, and the output tells so.
again() # NAME LOG
{
	printf 'again %s: %s\n' "$1" "$(grep -A 4 'the emulator died' "$2" | head -n 6)"
}

# step NAME COMMAND...: a test that is one command.
step()
{
	local name=$1 begin=$SECONDS
	shift
	if "$@" >"$RESULTS/$name.log" 2>&1 </dev/null 6>&-; then
		report ok "$name" $((SECONDS - begin))
	else
		report FAIL "$name" $((SECONDS - begin)) "$RESULTS/$name.log"
		return 1
	fi
}

# Prints the last line; its status is that of the whole run.
summary()
{
	local passed failed skipped
	passed=$(grep -c '^ok ' "$TALLY" || true)
	failed=$(grep -c '^FAIL ' "$TALLY" || true)
	skipped=$(grep -c '^skip ' "$TALLY" || true)
	echo
	if [ "$failed" != 0 ]; then
		grep '^FAIL ' "$TALLY"
		[ ! -e "$TALLY.reasons" ] || cat "$TALLY.reasons"
	fi
	if [ "$skipped" = 0 ]; then
		echo "$passed passed, $failed failed"
	else
		echo "$passed passed, $failed failed, $skipped skipped"
	fi
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}
